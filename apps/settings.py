"""Settings from a TOML file and the environment, into attrs classes.

`SURVEIL_<SECTION>__<KEY>` wins over the file; a list's item is named by its index
(`SURVEIL_SENSORS__0__PIN`). Whatever is wrong is reported at once, each with its
place; an unknown key names the nearest right one.
"""

import ssl
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import attrs
import cattrs

from surveil_core.errors import ConfigurationError

PREFIX = "SURVEIL_"
FOREIGN_PREFIXES = ("SURVEIL_TEST_", "SURVEIL_ENGINE_", "SURVEIL_DOCKERD_", "SURVEIL_HIL_")
"""Names that the tests and tools of this project use for themselves."""

T = TypeVar("T")


def load(
    cls: type[T],
    *,
    file: Path | None,
    environment: Mapping[str, str],
    defaults: Callable[[dict[str, Any]], None] = lambda document: None,
) -> T:
    """Build `cls`. `defaults` may fill in what depends on other settings.

    Raises `ConfigurationError` listing every fault.
    """
    document = _read_file(file) if file else {}
    _apply_environment(cls, document, environment)
    faults = list(_unknown_keys(cls, document, ()))
    if faults:
        raise ConfigurationError("\n".join(faults))
    defaults(document)
    try:
        return _converter().structure(document, cls)
    except cattrs.BaseValidationError as error:
        raise ConfigurationError("\n".join(_explain(error))) from error


def read_secret(path: Path | None, setting: str) -> str | None:
    """Read a one-line secret. Raises `ConfigurationError` without showing its content."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{setting}: cannot read {path}: {getattr(error, 'strerror', None) or error}"
        ) from error


def check_certificates(path: Path | None, setting: str) -> None:
    """Raise `ConfigurationError` if a file of certificates cannot be used."""
    if path is None:
        return
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"{setting}: {path} holds no usable certificates: {error.strerror or error}"
        ) from error


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from error


def _apply_environment(
    cls: type[Any], document: dict[str, Any], environment: Mapping[str, str]
) -> None:
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name.startswith(FOREIGN_PREFIXES):
            continue
        path = name.removeprefix(PREFIX).lower().split("__")
        if len(path) == 1 and path[0] not in attrs.fields_dict(cls):
            known = _environment_names(cls, PREFIX)
            raise ConfigurationError(f"unknown setting {name}; {nearest(name, known)}")
        _assign(document, path, environment[name], name)


def _environment_names(cls: type[Any], prefix: str) -> list[str]:
    names = []
    for key, attribute in attrs.fields_dict(cls).items():
        kind = attribute.type
        if isinstance(kind, type) and attrs.has(kind):
            names += _environment_names(kind, f"{prefix}{key.upper()}__")
        else:
            names.append(f"{prefix}{key.upper()}")
    return names


def _assign(document: dict[str, Any], path: list[str], value: str, name: str) -> None:
    node: Any = document
    for step, following in zip(path, [*path[1:], None], strict=True):
        is_last = following is None
        fresh: Any = value if is_last else ([] if following and following.isdecimal() else {})
        if isinstance(node, list):
            index = int(step) if step.isdecimal() else -1
            if not 0 <= index <= len(node):
                raise ConfigurationError(f"{name}: expected an index from 0 to {len(node)}")
            if index == len(node):
                node.append(fresh)
            elif is_last:
                node[index] = fresh
            node = node[index]
        elif isinstance(node, dict):
            node[step] = fresh if is_last else node.get(step, fresh)
            node = node[step]
        else:
            raise ConfigurationError(f"{name}: {step!r} is below a plain value")


def _unknown_keys(cls: type[Any], document: Any, place: tuple[str, ...]) -> Iterator[str]:
    if not attrs.has(cls):
        return
    if not isinstance(document, dict):
        yield f"{'.'.join(place)} is {document!r:.60}, expected a table of settings"
        return
    known = attrs.fields_dict(cls)
    for key, value in document.items():
        if key not in known:
            yield _unknown(key, list(known), place)
            continue
        kind = known[key].type
        if get_origin(kind) is tuple:
            if not isinstance(value, list):
                yield f"{'.'.join((*place, key))} is {value!r:.60}, expected a list"
                continue
            for index, item in enumerate(value):
                yield from _unknown_keys(get_args(kind)[0], item, (*place, key, str(index)))
        elif isinstance(kind, type):
            yield from _unknown_keys(kind, value, (*place, key))


def _unknown(key: str, known: list[str], place: tuple[str, ...]) -> str:
    return f"unknown setting {'.'.join((*place, key))!r}; {nearest(key, known)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Advise on a wrong word: the nearest right one, or all of them."""
    import difflib  # for a mistake only: a service has little memory to spare

    allowed = list(known)
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(allowed)}"


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(bool, _to_bool)
    converter.register_structure_hook(Path, lambda value, _: Path(value).expanduser())
    return converter


def _to_bool(value: Any, _: type[bool]) -> bool:
    flags = {True: True, False: False, "true": True, "false": False}
    try:
        return flags[value]
    except (KeyError, TypeError):
        raise ValueError(f"is {value!r}, expected true or false") from None


def _explain(error: cattrs.BaseValidationError) -> list[str]:
    def say(reason: BaseException, _kind: type | None) -> str:
        if isinstance(reason, KeyError):
            return "is missing"
        return str(reason.args[0] if reason.args else reason)

    return [
        f"{place.removeprefix('$.')}: {text}"
        for text, _, place in (
            line.rpartition(" @ ") for line in cattrs.transform_error(error, "$", say)
        )
    ]
