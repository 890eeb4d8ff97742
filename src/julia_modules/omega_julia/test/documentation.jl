# The examples in docstrings, run as they stand: each `julia>` prompt, and what it should show.

"Pairs of an expression and what it shows, of one example."
function steps(example)
    found = Tuple{String,String}[]
    for part in split(example, "julia> "; keepempty = false)
        isempty(strip(part)) && continue
        expression, shown = match(r"^(.*?)\n(.*)$"s, part * "\n").captures
        push!(found, (expression, strip(shown)))
    end
    return found
end

@testset "examples in docstrings show what they say" begin
    folder = joinpath(@__DIR__, "..", "src")
    examples = 0
    for (root, _, files) in walkdir(folder), file in files
        endswith(file, ".jl") || continue
        for block in eachmatch(r"```jldoctest\n(.*?)```"s, read(joinpath(root, file), String))
            reader = Module()
            Core.eval(reader, :(using OmegaJulia))
            for (expression, shown) in steps(replace(replace(block[1], "\\\"" => "\""), "\\\\" => "\\"))
                value = Core.eval(reader, Meta.parse(expression))
                isempty(shown) || @test repr("text/plain", value) == shown
            end
            examples += 1
        end
    end
    @test examples >= 5
end

@testset "everything that is exported is documented" begin
    documented = keys(Base.Docs.meta(OmegaJulia))
    for name in names(OmegaJulia)
        value = getfield(OmegaJulia, name)
        @test Base.Docs.Binding(OmegaJulia, name) in documented || value isa Module
    end
end
