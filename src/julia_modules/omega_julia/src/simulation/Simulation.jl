"How sure a figure is, by drawing the data again."
module Simulation

Base.Experimental.@optlevel 2

using ..Modelling

include("stationary_bootstrap.jl")

end
