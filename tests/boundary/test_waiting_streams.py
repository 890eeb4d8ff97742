"""Streams whose producers run Python, stall or throw, read in processes of their own: a hang fails."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import omega
import pytest

PRODUCERS = {
    "a dataset over fsspec": """
import fsspec, pyarrow.dataset, pyarrow.parquet
files = fsspec.filesystem("memory")
with files.open("/rows.parquet", "wb") as file:
    pyarrow.parquet.write_table(TABLE, file)
def make():
    return pyarrow.dataset.dataset("/rows.parquet", filesystem=files, format="parquet").scanner().to_reader()
""",
    "a dataset over a Python file system": """
import fsspec, pyarrow.dataset, pyarrow.fs, pyarrow.parquet
files = fsspec.filesystem("memory")
with files.open("/rows.parquet", "wb") as file:
    pyarrow.parquet.write_table(TABLE, file)
system = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(files))
def make():
    return pyarrow.dataset.dataset("/rows.parquet", filesystem=system, format="parquet").scanner().to_reader()
""",
    "CSV over a Python file": """
import io, pyarrow.csv
text = io.BytesIO()
pyarrow.csv.write_csv(TABLE, text)
def make():
    return pyarrow.csv.open_csv(pyarrow.PythonFile(io.BytesIO(text.getvalue()), mode="r"))
""",
    "a generator": """
def make():
    return pa.RecordBatchReader.from_batches(TABLE.schema, (batch for batch in TABLE.to_batches(10)))
""",
    "a generator whose thread needs the interpreter": """
import concurrent.futures
pool = concurrent.futures.ThreadPoolExecutor(1)
def make():
    return pa.RecordBatchReader.from_batches(
        TABLE.schema, (pool.submit(lambda: batch).result() for batch in TABLE.to_batches(10))
    )
""",
    "a DuckDB relation with a Python function": """
import duckdb
duckdb.create_function("same", lambda value: value, ["DOUBLE"], "DOUBLE")
rows = TABLE
def make():
    return duckdb.sql("SELECT same(returns) AS returns, same(close) AS close, symbol FROM rows")
""",
    "polars with a Python function": """
import polars as pl
def make():
    return pl.from_arrow(TABLE).with_columns(
        pl.col("returns").map_elements(lambda value: value, return_dtype=pl.Float64)
    )
""",
}

EVERY_WAY_IN = """
import warnings
warnings.simplefilter("ignore")
import pyarrow as pa, omega
TABLE = pa.table({
    "returns": [0.01, -0.02, 0.03] * 100, "close": [1.0, 2.0, 3.0] * 100, "symbol": ["A", "B", "A"] * 100,
})
"""

WAYS = """
def column(name):
    made = make()
    if hasattr(made, "read_all"):
        made = pa.RecordBatchReader.from_batches(
            pa.schema([(name, TABLE.schema.field(name).type)]), (batch.select([name]) for batch in made)
        )
        return made
    return made.select(name)

expected = omega.risk.volatility(TABLE)
assert omega.risk.volatility(make()) == expected
assert omega.risk.volatility(returns=column("returns")) == expected
assert omega.call("risk.volatility", {"returns": column("returns")}) == expected
print("calls", flush=True)
accumulator = omega.accumulate("risk.volatility")
accumulator.update(make())
assert accumulator.value == expected
print("accumulators", flush=True)
features = omega.FeatureSet({"mean": ("ta.sma", {"period": 2})}, by="symbol")
features.extend(make())
features.run(make())
assert features.update(close=1.0, symbol="B") == {"mean": 1.5}
print("features", flush=True)
by = omega.risk.volatility(TABLE["returns"], by=column("symbol"))
assert omega.risk.volatility(make(), by="symbol") is not None
print("groups", flush=True)
"""


def run(program: str, timeout_s: float = 100) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=timeout_s, check=False
    )


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_producer_that_needs_the_interpreter_is_read(producer: str) -> None:
    for thread in (False, True):
        ways = WAYS
        if thread:
            body = "\n".join("    " + line for line in WAYS.splitlines())
            ways = (
                f"def ways():\n{body}\nimport threading\n"
                "thread = threading.Thread(target=ways); thread.start(); thread.join()"
            )
        done = run(EVERY_WAY_IN + PRODUCERS[producer] + ways)
        assert done.stdout.split() == ["calls", "accumulators", "features", "groups"], done.stderr


@pytest.mark.parametrize("producer", ["a dataset over fsspec", "CSV over a Python file", "a generator"])
def test_records_and_schemas_are_read_from_a_producer_that_needs_the_interpreter(producer: str) -> None:
    program = """
from omega import _rust
assert [field[0] for field in _rust.schemas.describe(make())[0]] == ["returns", "close", "symbol"]
assert _rust.schemas.null_counts(make()) == [(0, 0)] * 3
print("read")
"""
    done = run(EVERY_WAY_IN + PRODUCERS[producer] + program)
    assert done.stdout == "read\n", done.stderr


STALLS = {
    "at a pipe that nobody writes to": """
import pyarrow.csv
read, write = os.pipe()
os.write(write, b"returns\\n" + b"0.1\\n" * 1_000)
class Pipe:
    def __arrow_c_stream__(self, requested_schema=None):
        return reader().__arrow_c_stream__()
def reader():
    def batches():
        os.read(read, 100_000)
        os.read(read, 1)
        yield from ()
    return pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches())
make = Pipe
""",
    "in a dataset's threads": """
import pyarrow.dataset, pyarrow.fs, fsspec, pyarrow.parquet
files = fsspec.filesystem("memory")
with files.open("/rows.parquet", "wb") as file:
    pyarrow.parquet.write_table(pa.table({"returns": [0.1, 0.2]}), file)
dataset = pyarrow.dataset.dataset("/rows.parquet", filesystem=files, format="parquet")
reader = dataset.scanner().to_reader()
type(files.open("/rows.parquet", "rb")).read = lambda *_: time.sleep(100)
def make():
    return dataset.scanner().to_reader()
""",
}

STALLED = """
import os, sys, time, pyarrow as pa, omega
{stall}
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(omega.ta.sma([1.0, 3.0], period=2), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize(
    "call",
    [
        "omega.risk.volatility(make())",
        'omega.accumulate("risk.volatility").update(make())',
        "omega._rust.schemas.null_counts(make())",
    ],
)
def test_ctrl_c_ends_the_wait_for_a_stream_that_stalls(stall: str, call: str) -> None:
    program = STALLED.format(stall=STALLS[stall], call=call)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert child.stdout.readline() == "interrupted\n"
        # Looked at every 50 ms; the machine may be busy.
        assert time.monotonic() - sent < 1
        assert child.stdout.readline() == "[None, 2.0]\n"
        assert child.wait(20) == 0


def test_what_an_interrupted_stream_hands_out_late_is_given_back() -> None:
    program = """
import gc, os, signal, threading, time, weakref, numpy as np, pyarrow as pa, omega
late = threading.Event()
class Numbers(np.ndarray): pass
values = np.ones(1000).view(Numbers)
gone = weakref.ref(values)
def batches(values):
    yield pa.record_batch({"returns": values})
    late.wait()
    yield pa.record_batch({"returns": values})
reader = pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches(values))
del values
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    omega.risk.volatility(reader)
except KeyboardInterrupt:
    print("interrupted")
del reader
gc.collect()
assert gone() is not None
late.set()
for _ in range(100):
    time.sleep(0.05)
    if gone() is None:
        print("given back")
        break
"""
    done = run(program)
    assert done.stdout.split("\n")[:2] == ["interrupted", "given back"], done.stderr


@pytest.mark.parametrize("pause", [0.31, 0.35, 0.4, 0.5, 0.7, 1.0, 100])
def test_a_process_that_ends_while_a_stream_stalls_ends_quietly(pause: float) -> None:
    """The stream goes on while the interpreter ends, or after it."""
    program = """
import os, signal, threading, time, pyarrow as pa, omega
def batches():
    time.sleep({pause})
    yield from ()
reader = pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches())
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
omega.risk.volatility(reader)
"""
    done = run(program.format(pause=pause))
    assert done.returncode == -signal.SIGINT, done.stderr
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_handler_that_forks_leaves_the_child_no_thread_to_wait_for() -> None:
    program = """
import os, signal, threading, time, pyarrow as pa, omega
from omega.shared.exceptions import StreamFailedError
child = None
def fork(*_):
    global child
    child = os.fork()
signal.signal(signal.SIGUSR1, fork)
def batches():
    time.sleep(1)
    yield pa.record_batch({"returns": [0.1, 0.2]})
reader = pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches())
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
try:
    answer = omega.risk.volatility(reader)
except StreamFailedError as refusal:
    os._exit(7 if "forked" in str(refusal) else 8)
assert answer is not None
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("apart")
"""
    done = run(program)
    assert done.stdout == "apart\n", done.stderr


def test_a_forked_child_reads_streams_of_its_own() -> None:
    program = """
import os, pyarrow as pa, omega
def read():
    batches = (pa.record_batch({"returns": [0.1, 0.2]}) for _ in range(3))
    return omega.risk.volatility(
        pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches)
    )
expected = read()
child = os.fork()
if child == 0:
    os._exit(0 if read() == expected else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("both")
"""
    done = run(program)
    assert done.stdout == "both\n", done.stderr


LIMITED = """
import resource, pyarrow as pa, omega
from omega.shared.exceptions import OutOfMemoryError
omega.risk.volatility([0.1, 0.2])
def batches():
    while True:
        yield pa.record_batch({{"returns": pa.array([0.5, 0.1] * {pairs})}})
reader = pa.RecordBatchReader.from_batches(pa.schema([("returns", pa.float64())]), batches())
size = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (size + {room},) * 2)
try:
    omega.risk.volatility(reader)
except OutOfMemoryError as refusal:
    del reader
    print("refused")
print(omega.ta.sma([1.0, 3.0], period=2))
"""


@pytest.mark.parametrize("pairs", [100, 500_000])
def test_a_stream_without_an_end_is_refused_where_memory_ends(pairs: int) -> None:
    done = run(LIMITED.format(pairs=pairs, room=2**29))
    assert done.stdout == "refused\n[None, 2.0]\n", done.stderr


THROWING = """
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
struct Schema { const char *format, *name, *metadata; int64_t flags, n_children; void *children, *dictionary;
                void (*release)(Schema *); void *private_data; };
struct Array { int64_t length, null_count, offset, n_buffers, n_children;
               const void **buffers; void *children, *dictionary;
               void (*release)(Array *); void *private_data; };
struct Stream { int (*get_schema)(Stream *, Schema *); int (*get_next)(Stream *, Array *);
                const char *(*last_error)(Stream *); void (*release)(Stream *); void *private_data; };
struct Odd {};
static int cleaned = 0;
struct Guard { ~Guard() { cleaned++; } };
static int place, kind, left;
static void hurl(int here) {
    Guard guard;
    if (here != place) return;
    switch (kind) {
        case 0: throw std::bad_alloc();
        case 1: throw std::runtime_error(std::string(1000, 'x'));
        case 2: throw Odd();
        default: throw 7;
    }
}
static double values[] = {0.5, 0.25, 0.125};
static const void *buffers[] = {nullptr, values};
static void release_schema(Schema *it) { it->release = nullptr; hurl(4); }
static void release_array(Array *it) { it->release = nullptr; hurl(5); }
static void release_stream(Stream *it) { it->release = nullptr; hurl(3); }
static int get_schema(Stream *, Schema *out) {
    hurl(0);
    *out = Schema{"g", "returns", nullptr, 2, 0, nullptr, nullptr, release_schema, nullptr};
    return 0;
}
static int get_next(Stream *, Array *out) {
    if (left-- == 0) { out->release = nullptr; return 0; }
    if (left == 0) hurl(1);
    if (place == 2) return 5;
    *out = Array{3, 0, 0, 2, 0, buffers, nullptr, nullptr, release_array, nullptr};
    return 0;
}
static const char *last_error(Stream *) { hurl(2); return "none"; }
extern "C" void make(Stream *out, int where, int what) {
    place = where; kind = what; left = 3;
    *out = Stream{get_schema, get_next, last_error, release_stream, nullptr};
}
extern "C" int cleanups() { return cleaned; }
extern "C" int in_flight() { return std::uncaught_exceptions(); }
"""

CATCHING = """
import ctypes, sys, threading, omega
from omega.shared.exceptions import OmegaError
library = ctypes.CDLL(sys.argv[1])
new = ctypes.pythonapi.PyCapsule_New
new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
class Throwing:
    def __init__(self, place, kind):
        self.struct = (ctypes.c_void_p * 5)()
        library.make(self.struct, place, kind)
    def __arrow_c_stream__(self, requested_schema=None):
        return new(ctypes.addressof(self.struct), b"arrow_array_stream", None)
def every():
    for place in range(7):
        for kind in range(4):
            try:
                said = omega.risk.volatility(Throwing(place, kind), periods=1)
            except OmegaError as refusal:
                said = f"{refusal.code.name}: {refusal}"
            print(place, kind, said)
    assert library.in_flight() == 0
    assert library.cleanups() > 0
every()
thread = threading.Thread(target=every)
thread.start()
thread.join()
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="a C++ compiler makes the producer")
def test_what_a_callback_throws_ends_in_a_typed_error(tmp_path: Path) -> None:
    source, library = tmp_path / "throwing.cpp", tmp_path / "throwing.so"
    source.write_text(THROWING)
    subprocess.run(["g++", "-std=c++17", "-shared", "-fPIC", "-o", library, source], check=True)
    done = subprocess.run(
        [sys.executable, "-c", CATCHING, library], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:28] == said[28:]
    kinds = ["OUT_OF_MEMORY", "it threw std::runtime_error", "it threw Odd", "it threw int"]
    for place in (0, 1):
        for kind, expected in enumerate(kinds):
            assert expected in said[4 * place + kind], said[4 * place + kind]
    # An error whose text throws gave no reason; what a release throws has nobody to tell.
    assert all("it gave no reason" in line for line in said[8:12])
    volatility = omega.risk.volatility([0.5, 0.25, 0.125] * 3, periods=1)
    assert all(line.endswith(f" {volatility}") for line in said[12:28])
