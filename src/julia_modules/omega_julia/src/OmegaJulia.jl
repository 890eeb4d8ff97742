"""
Models of market data in Julia: volatility, regimes and simulation.

Called from Julia with vectors, `Volatility.garch(returns; horizon = 5)`, and from Rust or Python with Arrow columns
through one C function (`abi.jl`). Both go by the specification that each function publishes (`registry.jl`).
"""
module OmegaJulia

using Dates: Dates, DateTime, Millisecond, @dateformat_str

# Code that runs once a call is compiled quickly; the models below ask for code that runs quickly.
Base.Experimental.@optlevel 1

export Volatility, Regimes, Simulation
export OmegaException, error_name, error_message
export Decimal, @decimal_str, Timestamp

include("generated/errors.jl")
include("spec.jl")
include("call.jl")
include("arrow.jl")
include("decimal.jl")
include("timestamp.jl")
include("tables.jl")
include("records.jl")
include("generated/records.jl")
include("records_arrow.jl")
include("local_call.jl")
include("model.jl")
include("random.jl")
include("statistics.jl")
include("likelihood.jl")
include("interrupt.jl")
include("optimize.jl")
include("modelling.jl")
include("volatility/Volatility.jl")
include("regimes/Regimes.jl")
include("simulation/Simulation.jl")
include("probe.jl")
include("registry.jl")
include("abi.jl")
include("loopback.jl")
include("warm.jl")

# While a cache of this package is made, so that it holds what calls need.
ccall(:jl_generating_output, Cint, ()) == 1 && warm()

end
