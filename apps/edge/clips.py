"""`python -m apps.edge clips`: the stored videos, and what a person may do with them.

Works on the database beside the running services.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from apps.edge.clips_choice import choose_clips
from apps.edge.clips_list import DEFAULT_LIMIT, MAX_LIMIT, list_clips
from apps.edge.parts import EdgeParts
from surveil_core.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what may be typed after `clips`; nothing means `list`."""
    parser.set_defaults(limit=DEFAULT_LIMIT, event=None, json=False)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="list them, the newest first")
    listing.add_argument(
        "--limit", type=_limit, default=DEFAULT_LIMIT, metavar="N", help="how many"
    )
    listing.add_argument("--event", metavar="EVENT_ID", help="only those that show this event")
    listing.add_argument("--json", action="store_true", help="a JSON object a line")
    export = actions.add_parser("export", help="write them into files")
    export.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    delete = actions.add_parser("delete", help="delete them, unless they are pinned")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    pin = actions.add_parser("pin", help="keep them whatever comes")
    unpin = actions.add_parser("unpin", help="let them make room again")
    check = actions.add_parser("check", help="read all of them, and the file, for damage")
    for action in (export, delete, pin, unpin):
        action.add_argument("names", nargs="+", metavar="ID", help="a number, or all")
    check.add_argument("names", nargs="*", metavar="ID", help="all, and the file, if none is named")


def run(parts: EdgeParts, options: argparse.Namespace) -> bool:
    """Do it. False if anything could not be done, or is damaged.

    Raises `ConfigurationError` and `StoreUnavailable`.
    """
    path = parts.settings.storage.database
    if not path.exists():
        raise ConfigurationError(
            f"there is no {path}, which the surveillance service makes: "
            "name its folder as that service does, by --config or SURVEIL_STORAGE__DATA_DIR"
        )
    return _ACTIONS[options.action or "list"](parts, options)


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_LIMIT))
    if not (is_number and 1 <= int(text) <= MAX_LIMIT):
        raise argparse.ArgumentTypeError(f"is {text!r:.60}, expected 1 to {MAX_LIMIT}")
    return int(text)


def _list(parts: EdgeParts, options: argparse.Namespace) -> bool:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `clips | head` is no failure
    list_clips(parts.archive(), limit=options.limit, event_id=options.event, as_json=options.json)
    return True


def _export(parts: EdgeParts, options: argparse.Namespace) -> bool:
    from apps.edge.clips_export import export_clips
    from surveil_adapters.clip_folder import ClipFolder, SparedDisk

    storage = parts.settings.storage
    spared = SparedDisk(
        folder=storage.data_dir, wanted_free_bytes=storage.retention.wanted_free_bytes
    )
    folder = ClipFolder(options.to, spared)
    return export_clips(parts.archive(), _chosen(parts, options), folder)


def _delete(parts: EdgeParts, options: argparse.Namespace) -> bool:
    from apps.edge.clips_delete import delete_clips

    with closing(parts.video_stock()) as stock:
        return delete_clips(stock, _chosen(parts, options), clock=parts.clock, is_sure=options.yes)


def _pin(parts: EdgeParts, options: argparse.Namespace) -> bool:
    is_pinned = options.action == "pin"
    is_done = True
    with closing(parts.video_stock()) as stock:
        for media_id in _chosen(parts, options):
            if stock.pin(media_id, is_pinned=is_pinned):
                words = "pinned" if is_pinned else "not pinned any more"
            else:
                is_done, words = False, "there is none; `clips list` names them"
            sys.stdout.write(f"clip {media_id}: {words}\n")
    return is_done


def _check(parts: EdgeParts, options: argparse.Namespace) -> bool:
    from apps.edge.clips_check import check_clips, check_file

    checking = parts.clip_checking()
    if options.names and options.names != ["all"]:
        return check_clips(checking, _chosen(parts, options), are_named=True)
    inspection = parts.inspection()
    is_sound = check_file(inspection, parts.settings.storage.database)
    return check_clips(checking, inspection.find_clips().media_ids, are_named=False) and is_sound


def _chosen(parts: EdgeParts, options: argparse.Namespace) -> Sequence[int]:
    return choose_clips(parts.inspection(), options.names)


_ACTIONS: dict[str, Callable[[EdgeParts, argparse.Namespace], bool]] = {
    "list": _list,
    "export": _export,
    "delete": _delete,
    "pin": _pin,
    "unpin": _pin,
    "check": _check,
}
