# One row of each table as a struct: what the generated structs share.

"""
One row of a table. A subtype promises

- `table_name(T)`: its table, as in `bars`
- a constructor by keyword, which refuses with `INVALID_RECORD` what breaks a constraint of the table
"""
abstract type Record end

Base.:(==)(a::T, b::T) where {T<:Record} = all(getfield(a, i) == getfield(b, i) for i in 1:fieldcount(T))
Base.hash(r::T, h::UInt) where {T<:Record} = foldl((h, i) -> hash(getfield(r, i), h), 1:fieldcount(T); init = hash(T, h))

"The struct that holds the rows of a table whose columns are exactly these; `nothing` if there is none."
record_type(names) = get(RECORDS, names, nothing)

ensure(holds, record, field, allowed, value) = holds || throw(invalid_record(field, record, allowed, value))

const FIRST_TIME = Timestamp(1, 1, 1)
const LAST_TIME = Timestamp(9999, 12, 31, 23, 59, 59, 999_999)

"Neither NaN nor infinite: a missing value is `nothing`."
check_value(record, field, x::Float64) = ensure(isfinite(x), record, field, "finite", x)

"In the years that every language can show."
check_value(record, field, t::Timestamp) = ensure(FIRST_TIME <= t <= LAST_TIME, record, field, "in the years 1 to 9999", t)

"What fits into Rust's decimal, too."
function check_value(record, field, d::Decimal)
    twelve = rescaled(d, 12)
    fits = twelve !== nothing && abs(twelve.value) < Int128(10)^28
    return ensure(fits, record, field, "a decimal with at most 16 digits before the point and 12 after it", d)
end

check_value(record, field, x) = nothing
