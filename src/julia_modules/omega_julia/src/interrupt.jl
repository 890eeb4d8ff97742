# How a host stops a call that runs: it raises a flag, which long loops look at.

"Not 0 while the call that runs is to stop. The host raises and lowers it, from any thread."
const INTERRUPT = Threads.Atomic{UInt32}(0)

"How often the call that runs has looked at the flag. Calls run one after the other, so that one count will do."
const ITERATIONS = Ref(0)

"A call that stopped because its caller asked for it."
struct Interrupted <: Exception
    iterations::Int
end

"""
    check_interrupt()

Ends the call if its caller asks for it. Every loop that may take seconds calls this once per iteration.
"""
function check_interrupt()
    INTERRUPT[] == 0 || throw(Interrupted(ITERATIONS[]))
    ITERATIONS[] += 1
    return nothing
end
