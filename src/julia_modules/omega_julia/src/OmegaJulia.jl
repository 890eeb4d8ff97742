"""
Models of market data in Julia: volatility, regimes and simulation.

Called from Julia with vectors, `Volatility.garch(returns; horizon = 5)`, and from Rust or Python with Arrow columns
through one C function (`abi.jl`). Both go by the specification that each function publishes (`registry.jl`).
"""
module OmegaJulia

using Dates
using LinearAlgebra

export Volatility, Regimes, Simulation
export OmegaException, error_name, error_message

include("generated/errors.jl")
include("spec.jl")
include("call.jl")
include("arrow.jl")
include("door.jl")
include("model.jl")
include("random.jl")
include("statistics.jl")
include("optimize.jl")
include("volatility/Volatility.jl")
include("regimes/Regimes.jl")
include("simulation/Simulation.jl")
include("contract.jl")
include("registry.jl")
include("abi.jl")
include("loopback.jl")
include("warm.jl")

end
