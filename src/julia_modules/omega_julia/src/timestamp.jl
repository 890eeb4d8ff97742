# Moments in UTC to the microsecond, as Arrow's timestamp[us, UTC] and Python's datetime hold them.

"""
    Timestamp(microseconds)

A moment, counted in microseconds from 1970-01-01T00:00:00 UTC.

Julia's own `DateTime` counts milliseconds: it would drop digits that exchanges send. `DateTime(t)` converts where
nothing is lost and refuses where something would be; `DateTime(floor(t, Millisecond))` drops them on purpose.
"""
struct Timestamp
    microseconds::Int64
end

const MICROSECONDS_TO_1970 = 1000 * Dates.UNIXEPOCH

Timestamp(t::DateTime) = Timestamp(1000 * Dates.value(t) - MICROSECONDS_TO_1970)

"A moment in UTC: date, time of day and microsecond."
Timestamp(year::Integer, month::Integer, day::Integer, hour = 0, minute = 0, second = 0, microsecond = 0) =
    Timestamp(Timestamp(DateTime(year, month, day, hour, minute, second)).microseconds + microsecond)

Base.floor(t::Timestamp, ::Type{Millisecond}) = Timestamp(fld(t.microseconds, 1000) * 1000)

function Dates.DateTime(t::Timestamp)
    t == floor(t, Millisecond) || throw(invalid_type("time", "whole milliseconds, or floor(time, Millisecond)", t))
    return to_datetime(t)
end

to_datetime(t) = DateTime(Dates.UTM(fld(t.microseconds, 1000) + Dates.UNIXEPOCH))

Base.isless(a::Timestamp, b::Timestamp) = isless(a.microseconds, b.microseconds)

function Base.show(io::IO, t::Timestamp)
    whole = Dates.format(to_datetime(t), dateformat"yyyy-mm-ddTHH:MM:SS")
    print(io, whole, '.', lpad(mod(t.microseconds, 1_000_000), 6, '0'), 'Z')
end
