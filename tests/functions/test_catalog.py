"""What there is to call, found by what it is, and shown so that a person can read it."""

import copy
import pickle
from typing import Any

import omega
import pytest
from omega.shared.exceptions import InvalidTypeError, ParameterOutOfRangeError


def test_functions_are_found_by_module_kind_group_and_language() -> None:
    for what in ("module", "kind", "group", "language"):
        for value in {getattr(omega.spec(name), what) for name in omega.functions()}:
            asked: Any = {what: value}
            found = omega.functions(value) if what == "module" else omega.functions(**asked)
            assert found == [name for name in omega.functions() if getattr(omega.spec(name), what) == value]
    assert omega.functions("ta", kind="model") == []


def test_what_no_function_has_is_refused_with_what_there_is() -> None:
    with pytest.raises(ParameterOutOfRangeError, match=r"kind must be one of rowwise, .* got `rows`"):
        omega.functions(kind="rows")  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match="module must be a text, got `int`"):
        omega.functions(1)  # type: ignore[arg-type]


def test_a_list_of_functions_is_a_list_and_reads_as_a_table() -> None:
    found = omega.functions("ta")
    assert isinstance(found, list)
    lines = repr(found).splitlines()
    assert [line.split()[0] for line in lines] == found
    assert all(omega.spec(name).summary in line for name, line in zip(found, lines, strict=True))
    assert found._repr_html_().count("<tr>") == len(found)
    assert pickle.loads(pickle.dumps(found)) == copy.copy(found) == found
    assert repr(omega.functions("ta", kind="model")) == "[]"


@pytest.mark.parametrize("name", omega.functions())
def test_a_spec_reads_as_text_and_as_html(name: str) -> None:
    spec = omega.spec(name)
    text, html = repr(spec), spec._repr_html_()
    assert str(spec) == text
    assert text.startswith(f"{name} {spec.version}")
    assert spec.summary in text
    parts = [each.name for each in spec.inputs] + [each.name for each in spec.parameters]
    for part in parts + [each.name for each in spec.outputs]:
        assert f"\n  {part} " in text
        assert f"<code>{part}</code>" in html
    assert html.count("<table>") == html.count("</table>") == (3 if spec.parameters else 2)
