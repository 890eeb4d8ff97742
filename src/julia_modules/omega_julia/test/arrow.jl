using OmegaJulia: Chunk, Column

chunk(values) = Chunk(values, C_NULL, 0)

@testset "a column of chunks reads as one vector" begin
    column = Column([chunk([1.0, 2.0]), chunk(Float64[]), chunk([3.0])])
    @test column == [1, 2, 3]
    @test length(column) == 3
    @test_throws BoundsError column[4]
    @test copyto!(zeros(3), column) == [1, 2, 3]
    @test isempty(Column(Chunk[]))
end

@testset "a cleared bit is missing, wherever the slice starts" begin
    bits = UInt8[0b01010101, 0b00000011]
    for offset in 0:7
        column = Column([Chunk(collect(1.0:3.0), pointer(bits), offset)])
        expected = [((bits[(offset + i) ÷ 8 + 1] >> ((offset + i) % 8)) & 1) == 1 ? i + 1.0 : NaN for i in 0:2]
        GC.@preserve bits @test isequal(collect(column), expected)
    end
end
