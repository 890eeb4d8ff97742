# What every fit by the greatest likelihood says of itself beside its estimates, in the same words and by the same formulas.

"The outputs of [`about_likelihood`](@ref), for the specification of a model."
const LIKELIHOOD_OUTPUTS = [
    about_fit("log_likelihood", "", "Logarithm of the likelihood at its maximum."),
    about_fit("free_parameters", "", "How many numbers were estimated, those at a bound counted with them."; type = "int64"),
    about_fit("aic", "", "Akaike's information criterion, 2 * free_parameters - 2 * log_likelihood: the lower, the better."),
    about_fit("bic", "", "Bayesian information criterion, log(rows) * free_parameters - 2 * log_likelihood: the lower, the better."),
    about_fit("rows", "rows", "How many rows the fit has used: those in which nothing is missing."; type = "int64"),
    about_fit("converged", "", "Whether the search came to its end; one that does not is an error, so this is never false."; type = "bool"),
]

"""
    about_likelihood(log_likelihood, free_parameters, rows)

The numbers about a fit that has come to its end, by the names of `LIKELIHOOD_OUTPUTS`.

```jldoctest
julia> OmegaJulia.about_likelihood(-10.0, 2, 1)
(log_likelihood = -10.0, free_parameters = 2, aic = 24.0, bic = 20.0, rows = 1, converged = true)
```
"""
about_likelihood(log_likelihood::Float64, free_parameters::Int, rows::Int) =
    (log_likelihood = log_likelihood, free_parameters = free_parameters, aic = 2free_parameters - 2log_likelihood,
     bic = log(rows) * free_parameters - 2log_likelihood, rows = rows, converged = true)
