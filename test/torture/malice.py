"""C-9: records that are made to run something, to fill the memory or to take for ever; and good ones, never refused."""

from __future__ import annotations

import random
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torture.cases import Bench, case

from zensols_like.errors import CorruptBatch, UnsafeError
from zensols_like.persist import DirectoryStash
from zensols_like.persist.formats.record import FORMAT
from zensols_like.persist.framing import frame
from zensols_like.vectorize import MultiFeatureContext, NullFeatureContext, TensorFeatureContext

SECONDS, MEMORY = 1.0, 256 << 20
"""Of the processor and of memory for each record."""
OURS = "zensols_like.persist.formats.record"
CONTEXT = "zensols_like.vectorize.context"

GLOBALS = [
    *(("os", name) for name in ("system", "popen", "execv", "path.join.__globals__")),
    *((module, "system") for module in ("posix", "nt", "commands", "os\0", " os")),
    *((module, name) for module in ("builtins", "__builtin__") for name in ("eval", "exec", "getattr", "open")),
    *(("builtins", name) for name in ("__import__", "compile", "breakpoint", "type", "object", "dict", "print")),
    *((module, "loads") for module in ("pickle", "_pickle", "marshal", "dill", "cloudpickle", "json", "yaml")),
    *(("subprocess", name) for name in ("Popen", "run", "call", "check_output", "getoutput")),
    *(("types", name) for name in ("CodeType", "FunctionType", "ModuleType")),
    *(("operator", name) for name in ("attrgetter", "itemgetter", "methodcaller")),
    *((module, "load") for module in ("torch", "torch.jit", "torch.hub", "numpy", "joblib")),
    *(("torch.storage", name) for name in ("_load_from_bytes", "UntypedStorage.from_file")),
    ("torch._utils", "_rebuild_tensor_v2"), ("torch.serialization", "load"), ("torch", "ops.load_library"),
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"), ("numpy", "dtype"),
    ("numpy.testing._private.utils", "runstring"), ("numpy.f2py.crackfortran", "getlincoef"), ("numpy", "fromfile"),
    ("pandas", "read_pickle"), ("pandas.io.pickle", "read_pickle"), ("pandas", "eval"), ("functools", "partial"),
    ("importlib", "import_module"), ("runpy", "run_path"), ("pty", "spawn"), ("ctypes", "CDLL"), ("code", "interact"),
    ("timeit", "timeit"), ("cProfile", "run"), ("pdb", "run"), ("bdb", "Bdb.run"), ("doctest", "debug_script"),
    ("socket", "create_connection"), ("urllib.request", "urlopen"), ("http.client", "HTTPSConnection"),
    ("shutil", "rmtree"), ("pathlib", "Path"), ("pathlib", "Path.touch"), ("logging", "FileHandler"), ("_io", "FileIO"),
    ("collections", "OrderedDict"), ("collections", "Counter"), ("copyreg", "_reconstructor"), ("site", "main"),
    (OURS, "pickle.loads"), (OURS, "_make.__globals__"), (OURS, "_VALUES"), (OURS, "RecordFormat"), (OURS, "_Reader"),
    (OURS, "_make "), (f"{OURS}.", "_make"), (OURS, ""), ("", "_make"), ("", ""),
    ("zensols_like.persist.formats.allowlist", "register"), ("zensols_like.persist.formats.find", "find_format"),
    (CONTEXT, "TensorFeatureContext.__init__"), (CONTEXT, "tensorfeaturecontext"),
    ("zensols_like.vectorize", "context"),
]  # fmt: skip
"""What a description may try to get hold of; none of it is registered."""


def text(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def line(value: str) -> bytes:
    return value.replace("\n", "").encode() + b"\n"


Way = Callable[[str, str, bytes], bytes]
"""Makes a value of a module, a name in it, and the operations that push an argument."""
WAYS: dict[str, Way] = {
    "GLOBAL": lambda module, name, argument: b"c" + line(module) + line(name),
    "GLOBAL REDUCE": lambda module, name, argument: b"c" + line(module) + line(name) + argument + b"\x85R",
    "INST": lambda module, name, argument: b"(" + argument + b"i" + line(module) + line(name),
    "OBJ": lambda module, name, argument: b"(c" + line(module) + line(name) + argument + b"o",
    "STACK_GLOBAL": lambda module, name, argument: text(module) + text(name) + b"\x93",
    "STACK_GLOBAL REDUCE": lambda module, name, argument: text(module) + text(name) + b"\x93" + argument + b"\x85R",
    "NEWOBJ": lambda module, name, argument: text(module) + text(name) + b"\x93" + argument + b"\x85\x81",
    "NEWOBJ_EX": lambda module, name, argument: text(module) + text(name) + b"\x93" + argument + b"\x85}\x92",
    "BUILD": lambda module, name, argument: text(module) + text(name) + b"\x93)R" + argument + b"b",
    "by memo": lambda module, name, argument: text(module) + b"\x940" + text(name) + b"\x940h\x00h\x01\x93)R",
    "as a class of ours": lambda module, name, argument: made(
        text("object"), text(module) + text(name) + b"\x93", b"}"
    ),
    "as a state": lambda module, name, argument: made(
        text("object"), text(CONTEXT) + text("NullFeatureContext") + b"\x93", text(module) + text(name) + b"\x93"
    ),
    "as a kind": lambda module, name, argument: made(text(module) + text(name) + b"\x93", argument),
}
PLACES: dict[str, Callable[[bytes], bytes]] = {
    "alone": lambda value: b"\x80\x05" + value + b".",
    "old": lambda value: value + b".",
    "in a list": lambda value: b"\x80\x05](K\x01" + value + b"e.",
    "as a key": lambda value: b"\x80\x05}(" + value + b"Nu.",
    "thrown away": lambda value: b"\x80\x05" + value + b"0N.",
    "after the end": lambda value: b"\x80\x05N." + b"\x80\x05" + value + b".",
    "after a good one": lambda value: bytes(FORMAT.encode({"a": 1})[0]) + value + b".",
    "in a frame": lambda value: b"\x80\x05\x95" + struct.pack("<Q", len(value) + 1) + value + b".",
}


def made(*arguments: bytes) -> bytes:
    """The one call that a description may make."""
    return text(OURS) + text("_make") + b"\x93(" + b"".join(arguments) + b"tR"


def imports() -> Iterator[tuple[str, bytes]]:
    """Every name in every way, the places in turn."""
    places = list(PLACES.items())
    for number, (module, name) in enumerate(GLOBALS):
        for at, (way, make) in enumerate(WAYS.items()):
            place, put = places[(number + at) % len(places)]
            value = make(module, name, text("touch canary"))
            yield f"{module}.{name} by {way}, {place}", put(value)


def many(operations: bytes) -> bytes:
    return b"\x80\x05" + operations + b"."


HUGE = (1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Lengths that are not there, nesting, references, and values that would be large."""
    for size in HUGE:
        for code in (b"\x8d", b"\x8e", b"\x96", b"\x95"):  # text, bytes, bytearray, frame
            yield f"operation {code!r} of {size} bytes", many(code + struct.pack("<Q", size) + b"x")
    for code in (b"X", b"B", b"T", b"\x8b"):
        yield f"operation {code!r} of 2 GiB", many(code + struct.pack("<I", (1 << 31) - 1) + b"x")
    for closing in (b"\x85", b"\x86", b"a", b"t", b"\x91", b"l", b"d"):
        for depth in (1001, 100_000):
            opening = {b"\x85": b")", b"\x86": b")" * (depth + 1), b"a": b"]" * (depth + 1), b"l": b"(" * depth}
            deep = opening.get(closing, b"(" * depth) + closing * depth
            yield f"{depth} times {closing!r}", many(deep)
            yield f"{depth} times {closing!r} as a key", many(b"}" + deep + b"Ns")
            yield f"{depth} times {closing!r} in a set", many(b"\x8f(" + deep + b"\x90")
    yield "a billion laughs", many(b"](K\x00e\x94" + b"".join(b"](h%ch%ce\x94" % (i, i) for i in range(60)))
    yield "copies of what is there", many(b"]" + b"2" * 100_000 + b"e" * 10)
    yield "marks that nothing closes", many(b"(" * 100_000)
    for count in (1 << 31, 1 << 62):
        number = b"\x8a\x08" + struct.pack("<q", count)
        yield f"a tensor of {count} dimensions", many(made(text("tensor"), text("uint8"), number))
        yield f"an array of {count} dimensions", many(made(text("array"), text("|u1"), number))
        yield f"an array of texts of {count}", many(made(text("numpy scalar"), text(f"<U{count}"), b"C\x00"))
        yield f"arguments {count} times", many(made(text("timedelta"), number, number, number))
    for kind in ("tensor", "array", "object", "date", "slice", "numpy dtype", "torch dtype", "no such kind"):
        yield f"a {kind} of nothing", many(made(text(kind)))
    for dtype in ("O", "|O", "object", "O,O", "f4,O", "V", "M8[x]", "", "os", "__class__"):
        yield f"an array of {dtype!r}", many(made(text("array"), text(dtype), b"K\x01"))
        yield f"a data type {dtype!r} of torch", many(made(text("torch dtype"), text(dtype)))
    yield "a persistent ID", many(b"K\x01Q")
    yield "a persistent ID by text", many(b"Pos.system\n")
    for code in (b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00"):
        yield f"the extension {code!r}", many(code)
    yield "a buffer that is not there", many(b"\x97")
    yield "a buffer that cannot be written", many(b"\x97\x98")


def load_all(folder: Path, descriptions: list[tuple[str, bytes]]) -> list[str]:
    """Read each description as a record; what was wrong with how it was refused.

    Nothing but the exceptions of this package may come out of it, and while it is read the process may not import,
    start, open or connect to anything.
    """
    stash, wrong, seen = DirectoryStash(folder / "records"), [], []
    stash.dump("a", torch.zeros(1))
    stash.load("a")  # imports what reading tensors needs
    path = stash.key_to_path("a")
    watched = (
        "import",
        "exec",
        "compile",
        "os.system",
        "os.exec",
        "subprocess.Popen",
        "socket.connect",
        "ctypes.dlopen",
    )
    is_reading = False
    sys.addaudithook(lambda event, _: seen.append(event) if is_reading and event in watched else None)
    signal.signal(signal.SIGPROF, timeout)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    for what, description in descriptions:
        path.write_bytes(b"".join(map(bytes, frame("a", "", FORMAT.code, [description, b"", b"\0" * 8]).pieces)))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        is_reading = True
        try:
            wrong.append(f"{what}: comes back as {stash.load('a')!r:.60}")
        except (UnsafeError, CorruptBatch):
            pass
        except BaseException as error:  # noqa: BLE001 - that is what the test is about
            wrong.append(f"{what}: {type(error).__name__}: {error}")
        is_reading = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        wrong += [f"{what}: does {event}" for event in seen]
        seen.clear()
    return wrong


def timeout(number: int, _: Any) -> None:
    raise TimeoutError(f"signal {number} after {SECONDS} s")


def require_refused(bench: Bench, descriptions: list[tuple[str, bytes]]) -> int:
    end = bench.nursery.run(load_all, bench.folder, descriptions)
    assert end.code == 0, end.trace
    assert end.value == [], "\n".join(end.value)
    assert not list(bench.folder.rglob("canary"))
    return len(descriptions)


@case("C-9", "records that import, nest, promise lengths or go on after their end", "records", short=4)
def malicious(bench: Bench, seed: int) -> int:
    return require_refused(bench, [*imports(), *bombs()][seed::4])


@case("C-9", "records of operations at random, with an import somewhere", "records", short=2, goal=2000)
def malicious_at_random(bench: Bench, seed: int) -> int:
    rng = bench.random
    atoms = [
        b"N",
        b"\x88",
        b"K\x07",
        b"]",
        b"}",
        b")",
        b"\x8f",
        text("x"),
        b"G" + bytes(8),
        made(text("complex"), b"K\x01"),
    ]
    descriptions = []
    for number in range(100):
        value = rng.choice(list(WAYS.values()))(*rng.choice(GLOBALS), text("touch canary"))
        for _ in range(rng.randrange(6)):
            before = b"".join(rng.choices(atoms, k=rng.randrange(4)))
            after = b"".join(rng.choices(atoms, k=rng.randrange(4)))
            wrap = rng.choice([b"](%be", b"(%bt", b"\x8f(%b\x90", b"}(N%bu"])
            value = wrap.replace(b"%b", before + value + after)
        descriptions.append((f"{number} of seed {seed}: {value!r}", rng.choice(list(PLACES.values()))(value)))
    return require_refused(bench, descriptions)


# ---- and the good ones


def value_of(rng: random.Random, depth: int = 0) -> Any:
    """A value that a record can hold; some look like what is refused."""
    leaves: list[Callable[[], Any]] = [
        lambda: rng.choice(
            [None, True, False, 0, -1, 255, 256, 1 << 40, -(1 << 70), 0.0, 1e300, "", "os.system", "é\n"]
        ),
        lambda: rng.choice(
            [b"", b"\x80\x05cos\nsystem\n.", bytearray(b"c"), Path("/etc/passwd"), 1j, range(3), slice(1)]
        ),
        lambda: rng.randbytes(rng.randrange(300)),
        lambda: "x" * rng.randrange(300),
        lambda: torch.full((rng.randrange(4), 3), rng.random()),
        lambda: torch.arange(rng.randrange(50)).to(rng.choice([torch.int16, torch.bfloat16, torch.bool])),
        lambda: np.full(rng.randrange(20), rng.random(), rng.choice(["<f4", ">i8", "<U3", "?"])),
        lambda: TensorFeatureContext("f", torch.full((2, rng.randrange(5)), rng.random())),
        lambda: NullFeatureContext("os.system"),
        lambda: MultiFeatureContext("f", (NullFeatureContext("a"), TensorFeatureContext("b", torch.zeros(1)))),
    ]
    nested: list[Callable[[], Any]] = [
        lambda: [value_of(rng, depth + 1) for _ in range(rng.randrange(5))],
        lambda: tuple(value_of(rng, depth + 1) for _ in range(rng.randrange(5))),
        lambda: {f"k{i}": value_of(rng, depth + 1) for i in range(rng.randrange(5))},
        lambda: list(range(rng.randrange(2000))),
        lambda: {frozenset({rng.random(), "a"}), (1, ("b",)), 3},
    ]
    return rng.choice(leaves if depth > 3 else [*leaves, *nested])()


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return same(vars(one), vars(other)) if hasattr(one, "feature_id") else bool(one == other)


def store_and_load(folder: Path, seed: str, count: int) -> list[str]:
    """Store values and load them again; those that do not come back."""
    stash, rng, wrong = DirectoryStash(folder), random.Random(seed), []
    for number in range(count):
        value = value_of(rng)
        stash.dump("a", value)
        if not same(stash.load("a"), value):
            wrong.append(f"{number} of {seed}: {value!r:.200}")
    return wrong


GOOD = 250


@case("C-9", "good records of any values come back equal, and are never refused", "records", short=4, goal=10000)
def good(bench: Bench, seed: int) -> int:
    wrong = bench.nursery.call(store_and_load, bench.folder / "good", f"good {seed}", GOOD)
    assert wrong == []
    return GOOD
