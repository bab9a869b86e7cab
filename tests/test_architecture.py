"""The rules of the code base: who may import whom, no state in modules, nothing without a test."""

import ast
import itertools
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from server.settings import Settings

ROOT = Path(__file__).parent.parent

# Each may import what stands before it or beside it; what is not listed here is a module astray.
LAYERS = (
    {
        "errors",
        "contract",
        "memory",
        "modelfile",
        "settings",
        "subwords",
        "tokenizer",
        "stages",
        "busy",
        "cpus",
        "cuda",
        "ranking",
        "shapes",
        "signature",
    },
    {
        "auth",
        "codec",
        "batcher",
        "lanes",
        "session",
        "faqrun",
        "imagerun",
        "access_log",
        "pool",
        "runners",
        "workers",
        "metrics",
        "log",
        "lifecycle",
        "protocol",
    },
    {"model", "exchange", "middleware"},
    {"loading"},
    {"routes"},
    {"app"},
    {"__main__"},
)
FOR_CONVERTERS = {"contract", "modelfile", "codec", "session", "subwords", "tokenizer", "errors"}

DEFAULTS = {
    "host": "127.0.0.1",
    "port": 8000,
    "metrics_port": None,
    "faq_model": Path("models/faq.onnx"),
    "image_model": Path("models/image.onnx"),
    "device": "auto",
    "gpu_memory_mib": 0,
    "threads": 0,
    "cpu_mode": "throughput",
    "max_batch_faq": 64,
    "max_batch_image": 8,
    "max_wait_ms": 0,
    "queue_limit": 512,
    "timeout_ms": 10_000,
    "body_timeout_ms": 30_000,
    "max_body_mib": 16,
    "max_megapixels": 50,
    "api_keys_dir": None,
    "log_level": "info",
    "log_format": "json",
    "drain_seconds": 20,
}

MUTABLE = {"list", "dict", "set", "bytearray", "deque", "defaultdict", "Counter", "OrderedDict"}
CACHES = {"cache", "lru_cache"}
CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft",
    "remove", "setdefault", "sort", "update",
}  # fmt: skip


def modules(package: str) -> list[Path]:
    """Every module of `package`, as a path from the root."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py"))


def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def dotted(module: Path) -> str:
    """Its name for `import`."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = ("server", "converters", "client")
MODULES = {dotted(module): module for package in PACKAGES for module in modules(package)}
SERVER = [name for name in MODULES if name.startswith("server.")]
CONVERTERS = [name for name in MODULES if name.startswith("converters.")]
CLIENT = [name for name in MODULES if name.startswith("client.")]


def imports(name: str) -> Iterator[str]:
    """Every module that `name` imports, wherever in it; ours down to the module."""
    for node in ast.walk(tree(MODULES[name])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def layer(name: str) -> int:
    part = name.split(".")[1]
    for number, parts in enumerate(LAYERS):
        if part in parts:
            return number
    pytest.fail(f"{name} has no layer; give it one in LAYERS")


def test_there_is_something_to_check() -> None:
    assert {"server.batcher", "server.codec.faq", "server.routes.v1"} <= set(SERVER)
    assert {"converters.export", "converters.__main__"} <= set(CONVERTERS)
    assert {"client.load", "client.runner"} <= set(CLIENT)
    assert set(imports("server.__main__")) >= {"server.settings", "server.app"}


@pytest.mark.parametrize("name", SERVER)
def test_imports_of_the_server_point_one_way(name: str) -> None:
    for imported in imports(name):
        if imported.startswith("server."):
            assert layer(imported) <= layer(name), f"{name} imports {imported}"


def test_no_import_goes_in_a_circle() -> None:
    graph = {name: [other for other in imports(name) if other in MODULES] for name in MODULES}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", SERVER)
def test_the_server_imports_nothing_else_of_ours(name: str) -> None:
    others = {"converters", "client", "tests"}
    assert not [other for other in imports(name) if other.split(".")[0] in others]


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_imports_nothing_else_of_ours(name: str) -> None:
    others = {"server", "converters", "tests"}
    assert not [other for other in imports(name) if other.split(".")[0] in others]


@pytest.mark.parametrize("name", CONVERTERS)
def test_converters_take_little_of_the_server(name: str) -> None:
    taken = {other.split(".")[1] for other in imports(name) if other.startswith("server.")}
    assert taken <= FOR_CONVERTERS


def test_only_the_session_imports_onnx_runtime() -> None:
    importers = {
        name
        for name in SERVER
        if any(other.split(".")[0] == "onnxruntime" for other in imports(name))
    }
    assert importers == {"server.session"}


def test_the_server_runs_without_the_converters_packages() -> None:
    heavy = {"onnx", "sklearn", "skl2onnx", "torch", "tensorflow", "keras", "matplotlib"}
    for name in SERVER:
        assert not heavy & {other.split(".")[0] for other in imports(name)}, name


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("server.batcher", {"server.busy", "server.errors", "server.runners", "server.stages"}),
        ("server.runners", set()),
    ],
)
def test_the_batcher_knows_neither_http_nor_onnx(name: str, known: set[str]) -> None:
    assert {other for other in imports(name) if other.startswith("server")} == known
    others = {other.split(".")[0] for other in imports(name)} - {"server"}
    assert not others & {"fastapi", "starlette", "uvicorn", "onnxruntime", "orjson"}


@pytest.mark.parametrize("name", [*PACKAGES, "server.codec", "server.routes"])
def test_a_package_is_a_docstring(name: str) -> None:
    module = tree(MODULES[name])
    assert ast.get_docstring(module)
    assert len(module.body) == 1


@pytest.mark.parametrize("name", SERVER)
def test_only_the_settings_read_the_environment(name: str) -> None:
    nodes = list(ast.walk(tree(MODULES[name])))
    told = {  # a default for a library is no reading
        node.value
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "setdefault"
    }
    names = {
        getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
        for node in nodes
        if node not in told
    }
    if {"environ", "getenv", "environb", "getenvb"} & names:
        assert name == "server.settings"


@pytest.mark.parametrize("name", sorted(set(SERVER) - {"server.metrics"}))
def test_no_module_holds_state(name: str) -> None:
    """Tables that nobody changes are fine; `global`, caches and changed tables are state."""
    module = tree(MODULES[name])
    held = {target for node in module.body for target in _names_of_mutable_objects(node)}
    for target in held:
        assert target.lstrip("_").isupper(), f"{name}.{target} is a mutable object"
    functions = list(_functions(module))
    # A cache of an inner function belongs to the object that made the function.
    inner = {id(node) for outer in functions for node in _functions(*outer.body)}
    for function in functions:
        if id(function) not in inner:
            assert not CACHES & set(map(_called, function.decorator_list)), function.name
        for node in ast.walk(function):
            assert not isinstance(node, ast.Global), f"{name} has a global statement"
            assert not held & set(_changed(node)), f"{name}.{function.name} changes a table"


def _functions(*nodes: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in `nodes`, wherever in them."""
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield inner


def _names_of_mutable_objects(node: ast.stmt) -> Iterator[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return
    displays = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp
    made = isinstance(node.value, ast.Call) and _called(node.value) in MUTABLE
    if isinstance(node.value, displays) or made:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _called(node: ast.expr) -> str:
    """The last name of what is called or used as a decorator."""
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _changed(node: ast.AST) -> Iterator[str]:
    """Names whose object `node` changes in place."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = [one.value for one in node.targets if isinstance(one, ast.Subscript)]
    elif isinstance(node, ast.AugAssign):
        targets = [node.target.value if isinstance(node.target, ast.Subscript) else node.target]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        targets = [node.func.value] if node.func.attr in CHANGING else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize(
    "code",
    ["TABLE[1] = 2", "del TABLE[1]", "TABLE += [3]", "TABLE.append(3)", "TABLE[1] += 1"],
)
def test_a_change_of_a_table_is_noticed(code: str) -> None:
    module = ast.parse(f"def f():\n    {code}")
    assert "TABLE" in itertools.chain.from_iterable(map(_changed, ast.walk(module)))


def test_the_variables_of_tests_do_not_look_like_settings() -> None:
    """A server under test is handed settings; what a test itself reads has another name."""
    read = [name for module in modules("tests") for name in _variables_read(tree(module))]
    assert {"TEST_PHOTOS", "TEST_FAQ_SETS"} <= set(read)
    assert not [name for name in read if name.upper().startswith("RTSCORE_")]


def _variables_read(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called(node) in ("get", "getenv", "_shared"):
            values = node.args[:1]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            values = [node.slice] if _called(node.value) == "environ" else []
        else:
            continue
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


@pytest.mark.parametrize("name", sorted(set(MODULES) - set(PACKAGES)))
def test_every_module_has_its_tests(name: str) -> None:
    module = MODULES[name]
    if module.name == "__init__.py":
        return  # a docstring, which another test demands
    path = Path("tests") / module.parent / f"test_{module.stem}.py"
    assert (ROOT / path).exists(), f"{module} has no {path}"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_everything_public_has_a_docstring(name: str) -> None:
    module = tree(MODULES[name])
    assert ast.get_docstring(module), f"{name} has no docstring"
    for path, node in _public(module, name):
        assert ast.get_docstring(node), f"{path} has no docstring"


def _public(
    parent: ast.Module | ast.ClassDef, path: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield f"{path}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{path}.{node.name}")


def test_every_setting_that_is_promised_has_its_default() -> None:
    assert {name: field.default for name, field in Settings.model_fields.items()} == DEFAULTS
