using OmegaJulia: Columns, FunctionSpec, Input, Model, OmegaFunction, Output, gathered, int_parameter, choice_parameter, parameters_type

const ROWS = [garch_returns(60); NaN; garch_returns(60; seed = 2)]

@testset "dense rows are not copied" begin
    x = [1.0, 2.0]
    @test gathered(x, :) === x
end

@testset "skip leaves a missing row out of the model and of its own answer" begin
    fit = Volatility.garch(ROWS)
    without = Volatility.garch(filter(!isnan, ROWS))
    @test fit.log_likelihood == without.log_likelihood
    @test isnan(fit.conditional_volatility[61])
    @test fit.conditional_volatility[[1:60; 62:121]] == without.conditional_volatility
    @test isequal(Volatility.garch([isnan(r) ? missing : r for r in ROWS]), fit)
end

@testset "counts are whole numbers, and NaN where there is no answer" begin
    fit = Volatility.garch(ROWS)
    @test fit.rows === 120 && fit.iterations isa Int && fit.searches isa Int && fit.converged === true
    @test Simulation.stationary_bootstrap(ROWS; replications = 5).rows === 120
    missing_fit = Volatility.garch(ROWS; nulls = :propagate)
    @test isnan(missing_fit.rows) && isnan(missing_fit.converged)
end

@testset "outputs are taken by their names, in whatever order a fit has them" begin
    spec = FunctionSpec("tests.order", "model", "Two."; inputs = [Input("value", "Any.")],
                        outputs = [Output("first", String[], "", "One."), Output("second", String[], "", "Two.")])
    either = OmegaFunction(spec, Model((_, p) -> (second = 2.0, first = 1), parameters_type(spec)), Pair{String,Any}[])
    @test either([0.0, 1.0]) === (first = 1.0, second = 2.0)
end

@testset "propagate makes every output missing, in its shape" begin
    fit = Volatility.garch(ROWS; nulls = :propagate, horizon = 4)
    @test isnan(fit.alpha)
    @test all(isnan, fit.conditional_volatility) && length(fit.conditional_volatility) == 121
    @test all(isnan, fit.forecast_variance) && length(fit.forecast_variance) == 4
    fit = Regimes.hidden_markov(ROWS; nulls = :propagate, states = 3)
    @test size(fit.posterior) == (121, 3)
    @test size(fit.transition) == (3, 3)
    @test length(Simulation.stationary_bootstrap(ROWS; nulls = :propagate, replications = 5).replications) == 5
end

@testset "raise names the column and the row" begin
    e = failure(() -> Volatility.garch(ROWS; nulls = :raise))
    @test error_message(e) == "column `returns` is missing in row 60, which nulls=\"raise\" refuses"
end

@testset "infinities, giants and dwarfs are refused under every policy" begin
    for nulls in (:skip, :propagate, :raise),
        (value, text) in ((Inf, "inf"), (-Inf, "-inf"), (1.1e100, "1.1e100"), (-9.5e-101, "-9.5e-101"), (5e-324, "5.0e-324"))
        rows = copy(ROWS[1:60])
        rows[3] = value
        e = failure(() -> Regimes.hidden_markov(rows; nulls = nulls))
        @test error_name(e.code) == "INVALID_VALUE"
        @test (field(e, "name"), field(e, "row"), field(e, "value")) == ("returns", "2", text)
        @test field(e, "allowed") == "0, or from 1e-100 to 1e100 in magnitude"
    end
end

@testset "no data and constant data are refused by every model" begin
    for f in (Volatility.garch, Regimes.hidden_markov, Simulation.stationary_bootstrap)
        @test failure_name(() -> f(Float64[])) == "NOT_ENOUGH_DATA"
        @test failure_name(() -> f(fill(NaN, 100))) == "NOT_ENOUGH_DATA"
    end
    for f in (Volatility.garch, Regimes.hidden_markov), value in (0.0, 0.01, -1e-100, 1e100)
        @test failure_name(() -> f(fill(value, 100))) == "DEGENERATE_DATA"
    end
end

@testset "returns of the least and of the greatest size are fitted, and a row may be 0" begin
    x = [garch_returns(150); 0.0; -0.0]
    x /= maximum(abs, x)
    for f in (Volatility.garch, Regimes.hidden_markov), scale in (1e-95, 1e100)
        @test f(scale * x).log_likelihood ≈ f(x).log_likelihood - 152log(scale) rtol = 1e-9
    end
    @test Volatility.garch(1e-95 * x).omega > 0
end

"What a model of one and of many columns was given, as its answer; it is not offered to callers."
const SEEN = Ref{Any}(nothing)
const OF_MANY = FunctionSpec(
    "tests.of_many", "model", "What goes in.";
    inputs = [Input("market", "One column."), Input("returns", "Many columns."; many = true)],
    parameters = [int_parameter("horizon", 2, 1, 9, "rows", "How many."), choice_parameter("mean", ["constant", "zero"], "Which.")],
    outputs = [Output("first", ["asset"], "", "The first row."), Output("rows", ["row", "asset"], "", "All rows."),
               Output("products", ["asset", "asset"], "", "Zeros."), Output("path", ["horizon"], "", "Zeros.")])

function fit_many(market, returns, p)
    SEEN[] = (market, returns, p)
    k = length(returns.names)
    return (first = returns.values[1, :], rows = returns.values, products = zeros(k, k), path = zeros(p.horizon))
end

const of_many = OmegaFunction(OF_MANY, Model(fit_many, parameters_type(OF_MANY)), Pair{String,Any}[])

@testset "parameters come by name, each in its type" begin
    of_many([1.0, 2.0], (A = [1.0, 2.0],); horizon = 3, mean = :zero)
    @test SEEN[][3] === (horizon = 3, mean = :zero)
    @test Base.return_types(p -> p.horizon + 1, (parameters_type(OF_MANY),)) == [Int]
end

@testset "many columns come with their names, and answers run along them" begin
    fit = of_many([1.0, 2.0], (A = [3.0, 4.0], B = [5.0, 6.0]))
    @test SEEN[][2].names == ["A", "B"]
    @test fit.first == [3.0, 5.0]
    @test fit.rows == [3.0 5.0; 4.0 6.0]
    @test (size(fit.products), length(fit.path)) == ((2, 2), 2)
    of_many([1.0, 2.0], [3.0 5.0; 4.0 6.0])
    @test SEEN[][2].names == ["0", "1"]
end

@testset "a row in which any column is missing is missing in all" begin
    fit = of_many([1.0, NaN, 3.0, 4.0], (A = [1.0, 2.0, 3.0, 4.0], B = [5.0, 6.0, missing, 8.0]))
    @test SEEN[][1] == [1.0, 4.0]
    @test isequal(fit.rows, [1.0 5.0; NaN NaN; NaN NaN; 4.0 8.0])
    fit = of_many([1.0, NaN], (A = [1.0, 2.0], B = [5.0, 6.0]); nulls = :propagate)
    @test all(isnan, fit.rows) && size(fit.rows) == (2, 2)
    @test all(isnan, fit.products) && size(fit.products) == (2, 2)
    @test length(fit.first) == 2 && length(fit.path) == 2
end

@testset "an error names the column of many that it is about" begin
    e = failure(() -> of_many([1.0, 2.0], (A = [1.0, 2.0], B = [1.0, NaN]); nulls = :raise))
    @test (field(e, "name"), field(e, "row")) == ("B", "1")
    e = failure(() -> of_many([1.0, 2.0], (A = [1.0, 2.0], B = [1e101, 1.0])))
    @test (field(e, "name"), field(e, "row")) == ("B", "0")
    e = failure(() -> of_many([1.0, 2.0], (A = [1.0, 2.0], B = [1.0])))
    @test (error_name(e.code), field(e, "name")) == ("LENGTH_MISMATCH", "B")
end

@testset "a number stands for its value in every row, beside a column" begin
    of_many(0.5, (A = [1.0, 2.0], B = 3))
    @test (SEEN[][1], SEEN[][2].values) == ([0.5, 0.5], [1.0 3.0; 2.0 3.0])
    @test failure_name(() -> Volatility.garch(0.01)) == "INVALID_SHAPE"
end

@testset "columns that come through the C entry are chunked alike and named by their schemas" begin
    push!(OmegaJulia.FUNCTIONS, of_many)
    number = function_number("tests.of_many")
    parameters = OmegaJulia.resolve(OF_MANY, "skip", Pair{String,Any}[])
    lent = [lend([1.0]), lend([2.0]), lend([3.0]; name = "A"), lend([4.0]; name = "A"), lend([5.0]; name = "B"), lend([6.0]; name = "B")]
    code, (firsts, rows, products, path) = loopback(number, parameters, lent; columns = Int32[1, 2])
    @test (code, firsts, rows, products, path) == (0, [3.0, 5.0], [3.0, 4.0, 5.0, 6.0], zeros(4), zeros(2))
    @test SEEN[][2].names == ["A", "B"]
    refused(columns) = error_name(first(loopback(number, parameters, lent; columns = columns)))
    @test refused(Int32[1]) == refused(Int32[2, 2]) == refused(Int32[1, 0]) == refused(Int32[1, 3]) == "CONTRACT_MISMATCH"
    lent[5] = lend([NaN]; name = "B")
    _, _, message, = loopback(number, OmegaJulia.resolve(OF_MANY, "raise", Pair{String,Any}[]), lent; columns = Int32[1, 2])
    @test occursin("`B` is missing in row 0", message)
    pop!(OmegaJulia.FUNCTIONS)
end
