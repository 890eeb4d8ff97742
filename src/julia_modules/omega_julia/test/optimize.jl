using OmegaJulia: inverse, minimize, product

"Rosenbrock's valley, whose bottom is at (1, 1)."
function valley!(g, z)
    x, y = z
    g[1] = -400x * (y - x^2) - 2 * (1 - x)
    g[2] = 200 * (y - x^2)
    return 100 * (y - x^2)^2 + (1 - x)^2
end

@testset "the bottom of a curved valley is found" begin
    z, f, iterations, converged = minimize(valley!, [-1.2, 1.0]; tolerance = 1e-8, max_iterations = 200)
    @test converged
    @test z ≈ [1, 1] atol = 1e-8
    @test iterations < 60
end

@testset "a search that runs out of iterations says so" begin
    _, _, iterations, converged = minimize(valley!, [-1.2, 1.0]; tolerance = 1e-8, max_iterations = 3)
    @test (iterations, converged) == (3, false)
end

@testset "an inverse is one, and there is none of a matrix that is not positive definite" begin
    A = [4.0 1.0 0.5; 1.0 3.0 0.2; 0.5 0.2 2.0]
    @test product(A, inverse(A)) ≈ [1 0 0; 0 1 0; 0 0 1]
    @test inverse([1.0 2.0; 2.0 1.0]) === nothing
    @test inverse(zeros(2, 2)) === nothing
    @test inverse(fill(NaN, 2, 2)) === nothing
end
