# GARCH(1,1): today's variance from yesterday's variance and yesterday's surprise.

const GARCH = FunctionSpec(
    "volatility.garch", "model", "The GARCH(1,1) model of returns, with standard errors and a forecast of the variance.";
    description = """
    Returns are mu plus a normal surprise whose variance is omega + alpha * (last surprise)^2 + beta * (last variance). The
    parameters maximise the likelihood, with omega and alpha and beta not negative and alpha + beta below 1. The variance
    before the first row is an average of the first 75 squared surprises with weights 0.94^i. Returns may have any scale: they
    are brought to unit variance inside. Standard errors are missing where the likelihood has no inverse curvature; so is that
    of mu if it is fixed at 0, that of beta if the estimate is 0, and those of omega, alpha and beta if alpha is 0, for omega
    and beta cannot be told apart then.""",
    references = [
        "T. Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity, Journal of Econometrics 31(3)",
        "T. Bollerslev and J. Wooldridge (1992), Quasi-maximum likelihood estimation and inference in dynamic models with time-varying covariances, Econometric Reviews 11(2)",
        "K. Sheppard, arch 8.0.0, arch_model(mean=\"Constant\", vol=\"GARCH\")",
    ],
    inputs = [Input("returns", "Returns of one asset, one per period.")],
    parameters = [
        int_parameter("horizon", 10, 1, 1000, "rows", "How many periods to forecast."),
        choice_parameter("mean", ["constant", "zero"], "Whether the mean return is estimated or is 0."),
        choice_parameter("covariance", ["robust", "classic"], "Standard errors that hold for surprises of any shape (Bollerslev and Wooldridge), or for normal ones only."),
        int_parameter("max_iterations", 500, 1, 100_000, "", "How many steps the search may take."),
    ],
    outputs = [
        Output("mu", String[], "fraction", "Mean return."),
        Output("omega", String[], "", "Constant part of the variance."),
        Output("alpha", String[], "", "Weight of the last squared surprise."),
        Output("beta", String[], "", "Weight of the last variance."),
        Output("mu_standard_error", String[], "fraction", "Standard error of mu."),
        Output("omega_standard_error", String[], "", "Standard error of omega."),
        Output("alpha_standard_error", String[], "", "Standard error of alpha."),
        Output("beta_standard_error", String[], "", "Standard error of beta."),
        Output("log_likelihood", String[], "", "Logarithm of the likelihood at its maximum."),
        Output("iterations", String[], "", "Steps that the search took."),
        Output("conditional_volatility", ["row"], "fraction", "Standard deviation of the return, given the rows before."),
        Output("standardized_residuals", ["row"], "", "Surprise over its conditional volatility."),
        Output("forecast_variance", ["horizon"], "", "Variance of the return 1, 2, … periods after the last row."),
    ],
    errors = ["NOT_ENOUGH_DATA", "DEGENERATE_DATA", "NO_CONVERGENCE"],
)

"""
    garch(returns; horizon = 10, mean = :constant, covariance = :robust, max_iterations = 500, nulls = :skip)

The GARCH(1,1) model of returns: `mu`, `omega`, `alpha`, `beta`, their standard errors, the log-likelihood, volatility and
standardized residuals per row, and `forecast_variance`.

```jldoctest
julia> returns = [0.01 * sin(7.0i^2) * (1 + (i ÷ 50) % 2) for i in 1:500];

julia> fit = Volatility.garch(returns; horizon = 3);

julia> fit.alpha + fit.beta < 1 && length(fit.forecast_variance) == 3
true
```
"""
const garch = OmegaFunction(GARCH, Model((returns, p) -> fit_garch(returns, Int(p[1]), p[2] == 1, p[3] == 0, Int(p[4]))))

"Fewer rows than this say next to nothing about four parameters."
const LEAST_ROWS = 30

"A weight below this is 0: the search comes ever closer to that bound and never gets there."
const LEAST_WEIGHT = 1e-8

"Stationary by a hair: beyond it the forecast's limit overflows."
const LARGEST_PERSISTENCE = 1 - 1e-9

"""
What the likelihood is a function of: residuals of unit variance, the variance before the first, and its bounds; and what it
leaves behind: the variance and the gradient of every row, the latter parameter by row.
"""
struct Sample
    ε::Vector{Float64}
    backcast::Float64
    lower::Vector{Float64}
    upper::Vector{Float64}
    σ²::Vector{Float64}
    scores::Matrix{Float64}
end

"The variance before the first row, and loose bounds that keep the search from absurd variances; both as `arch` has them."
function Sample(ε)
    n = length(ε)
    backcast = weights = 0.0
    most = 1.0
    for t in 1:n
        most = max(most, 1 + ε[t]^2)
        t <= 75 || continue
        backcast += 0.94^(t - 1) * ε[t]^2
        weights += 0.94^(t - 1)
    end
    backcast /= weights
    lower, upper = zeros(n), zeros(n)
    smooth, least = backcast, variance(ε) / 1e8
    for t in 1:n
        lower[t] = max(smooth / 1e6, least)
        upper[t] = min(max(smooth * 1e6, most), 1e7 * most)
        smooth = 0.94 * smooth + 0.06 * ε[t]^2
    end
    return Sample(ε, backcast, lower, upper, zeros(n), zeros(4, n))
end

"""
    log_likelihood!(gradient, θ, sample)

Mean over the rows of the normal log-likelihood at `θ = (μ, ω, α, β)`, and its gradient.

    hₜ = ω + α εₜ₋₁² + β hₜ₋₁        ℓₜ = -½ (log 2π + log hₜ + εₜ² / hₜ)
    ∂hₜ = (-2α εₜ₋₁, 1, εₜ₋₁², hₜ₋₁) + β ∂hₜ₋₁
"""
function log_likelihood!(gradient, θ, sample::Sample)
    μ, ω, α, β = θ
    scores = sample.scores
    n = length(sample.ε)
    ℓ = gμ = gω = gα = gβ = 0.0
    h = e² = sample.backcast
    e = ∂μ = ∂ω = ∂α = ∂β = 0.0
    @inbounds for t in 1:n
        ∂μ = -2α * e + β * ∂μ
        ∂ω = 1 + β * ∂ω
        ∂α = e² + β * ∂α
        ∂β = h + β * ∂β
        h = ω + α * e² + β * h
        if h < sample.lower[t]
            h = sample.lower[t]
            ∂μ = ∂ω = ∂α = ∂β = 0.0
        elseif h > sample.upper[t]
            ∂μ, ∂ω, ∂α, ∂β = ∂μ / h, ∂ω / h, ∂α / h, ∂β / h
            h = sample.upper[t] + log(h / sample.upper[t])
        end
        e = sample.ε[t] - μ
        e² = e^2
        z² = e² / h
        ℓ -= log(h) + z²
        w = (z² - 1) / 2h
        gμ += scores[1, t] = w * ∂μ + e / h
        gω += scores[2, t] = w * ∂ω
        gα += scores[3, t] = w * ∂α
        gβ += scores[4, t] = w * ∂β
        sample.σ²[t] = h
    end
    gradient[1], gradient[2], gradient[3], gradient[4] = gμ / n, gω / n, gα / n, gβ / n
    return (ℓ / n - log(2π)) / 2
end

logistic(x) = 1 / (1 + exp(-x))
logit(p) = log(p / (1 - p))

"From numbers without bounds, to μ, ω > 0, and α and β as shares of a persistence below 1."
function unbounded_to_parameters(z)
    persistence = LARGEST_PERSISTENCE * logistic(z[3])
    share = logistic(z[4])
    return [z[1], exp(z[2]), persistence * share, persistence * (1 - share)]
end

parameters_to_unbounded((μ, ω, α, β)) = [μ, log(ω), logit((α + β) / LARGEST_PERSISTENCE), logit(α / (α + β))]

"Minus the gradient in those numbers, by the chain rule."
function chain!(g, (μ, ω, α, β), fixed_mean)
    dμ, dω, dα, dβ = g
    persistence = α + β
    share = α / persistence
    g[1] = fixed_mean ? 0.0 : -dμ
    g[2] = -dω * ω
    g[3] = -(dα * share + dβ * (1 - share)) * persistence * (1 - persistence / LARGEST_PERSISTENCE)
    g[4] = -(dα - dβ) * persistence * share * (1 - share)
end

"The parameters at the greatest likelihood found from several starts, and the iterations."
function maximize(sample, fixed_mean, max_iterations)
    function objective!(g, z)
        θ = unbounded_to_parameters(z)
        f = -log_likelihood!(g, θ, sample)
        chain!(g, θ, fixed_mean)
        return isfinite(f) ? f : Inf
    end
    best = (Float64[], Inf, 0, false)
    for persistence in (0.5, 0.8, 0.95, 0.99)
        result = minimize(objective!, start(sample, persistence); tolerance = 1e-7, max_iterations = max_iterations)
        result[2] < best[2] && (best = result)
    end
    z, _, iterations, converged = best
    converged || throw(no_convergence(GARCH.name, "the likelihood still rises", iterations, max_iterations))
    return unbounded_to_parameters(z), iterations
end

"For a persistence, the likeliest of a few weights of surprises; as the likelihood may have several tops, several are tried."
function start(sample, persistence)
    target = inner(sample.ε, sample.ε) / length(sample.ε)
    best, most = Float64[], -Inf
    for α in (0.01, 0.05, 0.1, 0.2, 0.4)
        θ = [0.0, (1 - persistence) * target, α, persistence - α]
        ℓ = log_likelihood!(zeros(4), θ, sample)
        ℓ > most && ((best, most) = (θ, ℓ))
    end
    return parameters_to_unbounded(best)
end

"""
    standard_errors(θ, sample, fixed_mean, robust)

From the curvature A of the mean log-likelihood and the covariance B of its scores: the roots of the diagonal of
A⁻¹ B A⁻¹ / n (robust) or A⁻¹ / n. NaN where A has no inverse, and for parameters that are not free.
"""
function standard_errors(θ, sample, fixed_mean, robust)
    free = free_parameters(θ, fixed_mean)
    errors = fill(NaN, 4)
    covariance = inverse(curvature(θ, sample)[free, free])
    covariance === nothing && return errors
    if robust
        log_likelihood!(zeros(4), θ, sample)
        covariance = product(product(covariance, score_covariance(sample.scores)[free, free]), covariance)
    end
    for (i, parameter) in enumerate(free)
        errors[parameter] = sqrt(covariance[i, i] / length(sample.ε))
    end
    return errors
end

"The numbers of the parameters that the likelihood determines: not a fixed mean, nor what is at its bound."
function free_parameters((_, _, α, β), fixed_mean)
    free = fixed_mean ? Int[] : [1]
    return append!(free, α == 0 ? Int[] : β == 0 ? [2, 3] : [2, 3, 4])
end

function score_covariance(scores)
    k, n = size(scores)
    means = zeros(k)
    for t in 1:n, i in 1:k
        means[i] += scores[i, t] / n
    end
    B = zeros(k, k)
    for t in 1:n, j in 1:k, i in 1:k
        B[i, j] += (scores[i, t] - means[i]) * (scores[j, t] - means[j]) / (n - 1)
    end
    return B
end

"Minus the second derivatives of the mean log-likelihood, by central differences of its exact gradient."
function curvature(θ, sample)
    A = zeros(4, 4)
    above, below = zeros(4), zeros(4)
    for i in 1:4
        step = cbrt(eps()) * max(abs(θ[i]), 1e-2)
        nudged = copy(θ)
        nudged[i] = θ[i] + step
        log_likelihood!(above, nudged, sample)
        nudged[i] = θ[i] - step
        log_likelihood!(below, nudged, sample)
        for j in 1:4
            A[i, j] += (below[j] - above[j]) / 4step    # half here, half in the transposed place
            A[j, i] += (below[j] - above[j]) / 4step
        end
    end
    return A
end

function fit_garch(returns::Vector{Float64}, horizon, zero_mean, robust, max_iterations)
    n = length(returns)
    n >= LEAST_ROWS || throw(not_enough_data(GARCH.name, LEAST_ROWS, n))
    centre, width = scaling(returns, GARCH.name)
    if zero_mean
        centre, width = 0.0, hypot(centre, width)
    end
    sample = Sample([(r - centre) / width for r in returns])

    θ, iterations = maximize(sample, zero_mean, max_iterations)
    μ, ω, α, β = θ = [θ[1], θ[2], at_bound(θ[3]), at_bound(θ[4])]
    errors = standard_errors(θ, sample, zero_mean, robust)
    ℓ = log_likelihood!(zeros(4), θ, sample)

    scale² = width^2
    σ² = sample.σ²
    return (
        mu = centre + width * μ, omega = scale² * ω, alpha = α, beta = β,
        mu_standard_error = width * errors[1], omega_standard_error = scale² * errors[2],
        alpha_standard_error = errors[3], beta_standard_error = errors[4],
        log_likelihood = n * (ℓ - log(width)), iterations = Float64(iterations),
        conditional_volatility = [width * sqrt(h) for h in σ²],
        standardized_residuals = [(sample.ε[t] - μ) / sqrt(σ²[t]) for t in 1:n],
        forecast_variance = forecast(scale² * ω, α, β, scale² * (last(sample.ε) - μ)^2, scale² * last(σ²), horizon),
    )
end

at_bound(weight) = weight < LEAST_WEIGHT ? 0.0 : weight

"Variances from the next period on: the first from the last surprise and variance, each later one from the one before."
function forecast(ω, α, β, ε², σ², horizon)
    path = Vector{Float64}(undef, horizon)
    path[1] = ω + α * ε² + β * σ²
    for k in 2:horizon
        path[k] = ω + (α + β) * path[k - 1]
    end
    return path
end
