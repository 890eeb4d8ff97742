using OmegaJulia: rescaled

@testset "a decimal is read and written exactly" begin
    for text in ("0", "12.50", "-0.01", "0.000000000001", "99999999999999999999999999.999999999999")
        @test string(parse(Decimal, text)) == text
    end
    @test parse(Decimal, "+1.") == decimal"1"
    @test string(Decimal(typemin(Int128) + 1, 38)) == "-1.70141183460469231731687303715884105727"
end

@testset "text that is no decimal is refused" begin
    for text in ("", ".", "1e3", "NaN", "1,5", "1"^60)
        @test tryparse(Decimal, text) === nothing
        @test_throws OmegaException parse(Decimal, text)
    end
    @test_throws OmegaException Decimal(1, 39)
end

@testset "equal numbers are equal whatever their scale" begin
    @test decimal"1.5" == decimal"1.500" != decimal"1.501"
    @test hash(decimal"1.5") == hash(decimal"1.500")
    @test decimal"-2" < decimal"-1.99" < 0 < decimal"0.1" < 1
    @test Float64(decimal"0.1") === 0.1
    @test Rational{BigInt}(decimal"0.25") == 1 // 4
end

@testset "a scale changes only where nothing is lost" begin
    @test rescaled(decimal"1.5", 12) == decimal"1.5"
    @test rescaled(decimal"1.50", 1).value == 15
    @test rescaled(decimal"1.5", 0) === nothing
    @test rescaled(Decimal(Int128(10)^37, 0), 12) === nothing
end
