"""Which magnitudes the door takes, asked of the door itself, so that the attacks always reach its very
borders.
"""

from functools import cache

import omega
from omega.shared.exceptions import InvalidValueError


@cache
def decades() -> tuple[int, int]:
    """The least and the greatest n for which 10**n is taken, of any sign and beside 0."""
    return -_reach(-323), _reach(308)


def _reach(end: int) -> int:
    """How many decades from 1 towards 10**end are taken."""
    sign = 1 if end > 0 else -1
    taken, refused = 0, abs(end) + 1
    while refused - taken > 1:
        middle = (taken + refused) // 2
        if _takes(float(f"1e{sign * middle}")):
            taken = middle
        else:
            refused = middle
    return taken


def _takes(value: float) -> bool:
    """Whether the door takes a value. Which function is asked does not matter: the border is one for all."""
    name = next(name for name in omega.functions() if omega.spec(name).kind == "reduction")
    try:
        omega.call(name, {each.name: [value, 0.0] for each in omega.spec(name).inputs})
    except InvalidValueError:
        return False
    return True
