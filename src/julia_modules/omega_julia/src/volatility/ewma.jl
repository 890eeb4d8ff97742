# Exponentially weighted volatility: yesterday's variance and yesterday's squared return, in fixed shares.

export ewma

const EWMA = FunctionSpec(
    "volatility.ewma", "model", "Exponentially weighted volatility (EWMA, RiskMetrics) of any number of assets, with the covariance forecast for the next row.";
    description = """
    The variance of a row is decay * (variance of the row before) + (1 - decay) * (return of the row before)^2; covariances
    follow from products of two returns in the same way, so that the matrix is never indefinite. The mean return is taken to be
    0. Before the first row, variances and covariances are an average of the first 75 squares and products, with weights 0.94^i,
    as in arch: the first rows know a little of those that follow. Everything is per year: periods=1 leaves it per row.
    A row in which an asset is missing is left out for all of them.""",
    references = [
        "J.P. Morgan and Reuters (1996), RiskMetrics Technical Document, 4th edition, chapter 5",
        "K. Sheppard, arch 8.0.0, ZeroMean(volatility=EWMAVariance(0.94))",
    ],
    inputs = [series("returns", "returns"; many = true)],
    parameters = [
        float_parameter("decay", 0.94, 0.0, 1.0, "fraction", "The share of the last variance; RiskMetrics has 0.94 for days and 0.97 for months."; exclusive = true),
        float_parameter("periods", 252.0, 0.0, 1e9, "per_year", "Periods in a year: 252 for trading days, 52 for weeks, 12 for months."; exclusive = true),
    ],
    outputs = [
        Output("volatility", ["row", "asset"], "volatility", "Standard deviation of the return, given the rows before."),
        estimate("forecast_volatility", ["asset"], "volatility", "Standard deviation of the return in the row after the last."),
        estimate("forecast_covariance", ["asset", "asset"], "return_squared", "Covariances of the returns in the row after the last."),
    ],
    errors = ["NOT_ENOUGH_DATA"],
)

"Fewer rows than this have no past; and how many of the first rows the first variance is an average of."
const LEAST_EWMA_ROWS, FIRST_ROWS = 2, 75

function fit_ewma(returns::Columns, p)
    x = returns.values
    n, k = size(x)
    n >= LEAST_EWMA_ROWS || throw(not_enough_data(EWMA.name, LEAST_EWMA_ROWS, n))
    volatility, forecast, covariance = zeros(n, k), zeros(k), zeros(k, k)
    for j in 1:k, i in 1:j
        check_interrupt()
        s = first_covariance(x, i, j)
        for t in 1:n
            i == j && (volatility[t, j] = yearly_deviation(s, p.periods))
            s = p.decay * s + (1 - p.decay) * x[t, i] * x[t, j]
            abs(s) < LEAST_COVARIANCE && (s = 0.0)
        end
        covariance[i, j] = covariance[j, i] = p.periods * s
        i == j && (forecast[j] = yearly_deviation(s, p.periods))
    end
    return (volatility = volatility, forecast_volatility = forecast, forecast_covariance = covariance)
end

"A processor is slow with the least numbers there are, to which a variance fades while returns are 0; so that it ends before."
const LEAST_COVARIANCE = 1e-270

"The average of products that the first row starts from, as `arch` has it."
function first_covariance(x::Matrix{Float64}, i::Int, j::Int)
    total = weights = 0.0
    for t in 1:min(FIRST_ROWS, size(x, 1))
        total += 0.94^(t - 1) * x[t, i] * x[t, j]
        weights += 0.94^(t - 1)
    end
    return total / weights
end

"What is too small to be an input, which an answer may be, is 0."
function yearly_deviation(variance::Float64, periods::Float64)
    deviation = sqrt(periods * variance)
    return deviation < SMALLEST_VALUE ? 0.0 : deviation
end

"""
    ewma(returns; decay = 0.94, periods = 252, nulls = :skip)

RiskMetrics' exponentially weighted volatility of each column of a matrix, or of a named tuple of vectors: `volatility` by row
and asset, and for the next row `forecast_volatility` and `forecast_covariance`.

```jldoctest
julia> fit = Volatility.ewma((A = [0.01, -0.02, 0.01], B = [0.02, 0.01, -0.01]); periods = 1);

julia> round(fit.forecast_volatility[1]; digits = 6)
0.014138
```
"""
const ewma = model(fit_ewma, EWMA)
