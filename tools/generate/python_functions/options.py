"""What every call takes beside columns and parameters: the one place that says so for signatures and help."""

from typing import NamedTuple

from tools.generate.python_functions.published import Spec

#: The kinds of functions that there are.
ALL = ("rowwise", "reduction", "model", "simulation")


class Option(NamedTuple):
    """One keyword of every function of some kinds."""

    name: str
    type: str
    default: str
    meaning: str
    #: The kinds of functions that have it.
    kinds: tuple[str, ...] = ALL


#: In the order in which functions name them, and `omega.functions.call.run` takes them.
OPTIONS = (
    Option(
        "nulls",
        "Nulls",
        '"skip"',
        '"skip" leaves missing inputs out, "propagate" spreads them, "raise" raises.',
    ),
    Option(
        "by",
        "str | Column | None",
        "None",
        "The column of groups, or a list of several, by name or as they are; each group is alone.",
    ),
    Option("name", "str | None", "None", "What {answers}, so that answers join side by side."),
    Option("strict_zero_copy", "bool", "False", "Whether data that would have to be copied is refused."),
    Option("out", "Any", "None", "Memory of yours for the answer.", ("rowwise",)),
)


def options_of(spec: Spec) -> list[Option]:
    """Those that a function takes."""
    return [option for option in OPTIONS if spec["kind"] in option.kinds]


#: Those of every function.
COMMON = tuple(option for option in OPTIONS if option.kinds == ALL)
