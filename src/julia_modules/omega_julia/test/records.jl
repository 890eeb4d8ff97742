using Dates
using OmegaJulia: Bar, Order, Rating, RECORDS, TABLES, item_type, julia_type, record_type, table_name

bar(; changes...) = Bar(; timestamp = Timestamp(2024, 1, 2), symbol = "SPX", open = 1.0, high = 2.0, low = 0.5,
                        close = 1.5, volume = 0.0, changes...)

order(; changes...) = Order(; timestamp = Timestamp(2024, 1, 2), order_id = "1", symbol = "SPX", side = "buy",
                            order_type = "market", quantity = decimal"1", time_in_force = "day", reduce_only = false,
                            tags = String[], changes...)

"The fields of the error that `f` throws."
function refusal(f)
    try
        f()
    catch e
        return error_name(e.code), Dict(e.fields)
    end
    return nothing
end

@testset "a time keeps its microseconds" begin
    t = Timestamp(1700, 1, 2, 3, 4, 5, 678901)
    @test string(t) == "1700-01-02T03:04:05.678901Z"
    @test t == Timestamp(t.microseconds) < Timestamp(2200, 1, 1)
    @test Timestamp(1970, 1, 1).microseconds == 0
    @test_throws OmegaException DateTime(t)
    @test DateTime(floor(t, Millisecond)) == DateTime(1700, 1, 2, 3, 4, 5, 678)
    @test Timestamp(DateTime(2024, 1, 2)) == Timestamp(2024, 1, 2)
end

@testset "a table and its record have the same fields" begin
    @test length(RECORDS) == length(TABLES)
    for table in TABLES
        names = [field.name for field in table.fields]
        T = record_type(names)
        @test table_name(T) == table.name
        for (field, type) in zip(table.fields, fieldtypes(T))
            expected = julia_type(field.type)
            @test type == (field.nullable ? Union{expected,Nothing} : expected)
        end
    end
    @test record_type(["no", "such", "table"]) === nothing
    @test item_type("list<timestamp[us, UTC]>") == "timestamp[us, UTC]"
end

@testset "records are equal by value" begin
    @test bar() == bar() != bar(close = 1.6)
    @test order(quantity = decimal"1.0") == order()
    @test length(Set([order(tags = ["a"]), order(tags = ["a"])])) == 1
end

@testset "what may be missing may be left out" begin
    @test order().limit_price === nothing
    @test_throws UndefKeywordError Bar(symbol = "SPX")
end

@testset "a constraint that is broken is named" begin
    @test refusal(() -> bar(volume = -1.0)) ==
          ("INVALID_RECORD", Dict("name" => "volume", "record" => "Bar", "allowed" => "at least 0", "value" => "-1.0"))
    broken = [
        () -> bar(open = NaN),
        () -> bar(high = Inf),
        () -> bar(symbol = ""),
        () -> bar(timestamp = Timestamp(0, 12, 31)),
        () -> order(side = "hold"),
        () -> order(quantity = decimal"0"),
        () -> order(limit_price = decimal"0.0000000000001"),
        () -> order(limit_price = decimal"10000000000000000"),
    ]
    for f in broken
        @test first(refusal(f)) == "INVALID_RECORD"
    end
end
