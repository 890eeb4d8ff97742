"What the file of a model may use of the package: a module of models says `using ..Modelling`."
module Modelling

for name in (:FunctionSpec, :Input, :Output, :series, :reads, :int_parameter, :float_parameter, :choice_parameter,
             :estimate, :uncertainty, :about_fit, :about_search, :LIKELIHOOD_OUTPUTS, :about_likelihood, :model, :Columns,
             :SMALLEST_VALUE, :check_interrupt, :minimize, :inner, :inverse, :product, :Xoshiro, :below!, :uniform!, :agreement, :average,
             :interpolate, :ordered, :ordering, :quantile_of_sorted, :scaling, :variance, :degenerate_data, :no_convergence,
             :not_enough_data, :parameter_out_of_range)
    @eval begin
        using ..OmegaJulia: $name
        export $name
    end
end

end
