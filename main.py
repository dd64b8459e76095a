"""Wubu (五步), the front desk of a residential community: what can be started from the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot import logs, office
from bot.settings import WrongSetting, load

Result = TypeVar("Result")
Community = Annotated[str, typer.Option("--community", help="Code of the community, such as HPY.")]

app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
home = typer.Typer(help="Homes: codes that bind a resident's account.")
resident = typer.Typer(help="Residents: two records of one person.")
staff = typer.Typer(help="Staff: who serves, and as what.")
group = typer.Typer(help="Group chats of the staff.")
db = typer.Typer(help="The database.")
wechat = typer.Typer(help="The official account on WeChat.")
wechat_menu = typer.Typer(help="The menu under the chat.")
wechat.add_typer(wechat_menu, name="menu")
SPEAK_OF = {"home": home, "resident": resident, "staff": staff, "group": group, "db": db, "wechat": wechat}
for name, commands in SPEAK_OF.items():
    app.add_typer(commands, name=name)


@app.command()
def run() -> None:
    """Run everything in one process: the web chat, Telegram where its token is set, sender and clock."""
    settings = load()
    office.free_port(settings)
    from bot.app import loop, serve

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(serve(settings))


@app.command()
def talk(
    seat: Annotated[str, typer.Option("--as", help="Speak as somebody of this home; in the demo.")] = "",
    language: Annotated[str, typer.Option(help="zh_CN, zh_TW or en; otherwise it stays as it is.")] = "",
) -> None:
    """Talk to the desk in this terminal: the same conversation as in the web chat and on Telegram."""
    from bot.talk import start

    asyncio.run(start(load(), home=seat, language=language))


@app.command("import")
def import_file(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Workbook, CSV file, or a folder or zip of those.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE.xlsx", help="Write an empty workbook to be filled in.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    sheet: Annotated[
        str,
        typer.Option(help="What a CSV file holds, such as residents; of a workbook, the only sheet to read."),
    ] = "",
    language: Annotated[
        str, typer.Option(help="Of what is said, and of the template: en, zh_CN or zh_TW.")
    ] = "en",
) -> None:
    """Bring communities, buildings, homes, residents, staff and shifts in: all of a file or nothing of it."""
    if (file is None) == (template is None):
        raise office.Impossible("give a FILE to import, or --template FILE.xlsx to write an empty one")
    from bot import importing

    if template is not None:
        importing.write_template(template, language=language)
        return
    assert file is not None
    try:
        told = done(importing.bring_in(load(), file, sheet=sheet, language=language, dry=dry_run))
    except importing.Faulty as wrong:
        for line in wrong.lines:
            complaint(line, 1)
        raise typer.Exit(1) from None
    for line in told.remarks:
        print(f"wubu: {line}", file=sys.stderr)
    print(told.done)


@app.command()
def export(
    named: Annotated[
        str, typer.Argument(metavar="RESIDENT", help="An id, a ticket's number or a phone number.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, for your eyes only.")
    ] = None,
    photos: Annotated[bool, typer.Option("--photos", help="With our copies of their photos: a ZIP.")] = False,
) -> None:
    """Print everything held of a resident as JSON, and nothing of anybody else."""
    from bot import takeaway

    print(done(takeaway.export(load(), named=named, out=out, photos=photos)))


@app.command()
def erase(
    named: Annotated[
        str, typer.Argument(metavar="RESIDENT", help="An id, a ticket's number or a phone number.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be taken back.")] = False,
) -> None:
    """Delete what is held of a resident; what remains counts, and names nobody."""
    from bot import takeaway

    print(done(takeaway.erase(load(), named=named, sure=yes)))


@home.command("code")
def home_code(
    community: Annotated[
        str, typer.Argument(metavar="COMMUNITY", help="Code of the community, such as HPY.")
    ],
    name: Annotated[str, typer.Argument(metavar="HOME", help="Name of the home, such as 3-1201.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(office.HOME_ROLES)}.")] = "owner",
    qr: Annotated[bool, typer.Option("--qr", help="A QR code for WeChat instead, valid for 7 days.")] = False,
    out: Annotated[Path | None, typer.Option(help="Draw the QR code into this PNG file.")] = None,
) -> None:
    """Print a one-time code that binds an account to a home; it is valid for 30 days."""
    if qr or out is not None:
        from bot.handouts import home_qr

        said = done(home_qr(load(), community=community, home=name, role=role, out=out))
    else:
        said = done(office.home_code(load(), community=community, home=name, role=role))
    if said:
        print(said)


@resident.command("merge")
def resident_merge(
    keep: Annotated[
        str, typer.Argument(metavar="KEEP", help="Who stays: an id, a ticket's number or a phone number.")
    ],
    gone: Annotated[str, typer.Argument(metavar="GONE", help="Who becomes one with them.")],
) -> None:
    """Make two records of one person one: chats, homes, phones and tickets; it can be undone."""
    print(done(office.merge_residents(load(), keep=keep, gone=gone)))


@resident.command("undo")
def resident_undo(
    number: Annotated[int, typer.Argument(metavar="MERGE", help="The number that `resident merge` printed.")],
) -> None:
    """Part two records again that were made one; what came since stays with the one that was kept."""
    print(done(office.part_residents(load(), number=number)))


@staff.command("add")
def staff_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name residents and colleagues will read.")],
    community: Community,
    role: Annotated[
        list[str], typer.Option("--role", help=f"One of {', '.join(office.STAFF_ROLES)}; may be repeated.")
    ],
    phone: Annotated[str, typer.Option(help="Phone number, such as +86 139 0000 0000.")] = "",
) -> None:
    """Take somebody on, and print the one-time code to be sent to the bot as /staff CODE within 7 days."""
    print(done(office.add_staff(load(), name=name, community=community, roles=role, phone=phone)))


@group.command("bind")
def group_bind(
    purpose: Annotated[
        str, typer.Argument(metavar="PURPOSE", help="What for: repair, care, renovation, gate or managers.")
    ],
    community: Community,
    channel: Annotated[str, typer.Option(help="The channel of the group: telegram, web, robot or wecom.")],
    bot: Annotated[
        str, typer.Option(help="Id of the bot in the group: on telegram the token's number.")
    ] = "",
    chat: Annotated[
        str, typer.Option(help="Id of the group, such as -1001234567890; on robot the robot's key.")
    ] = "",
) -> None:
    """Make a group chat the place for some kind of tickets.

    On robot, a group robot of WeCom, --chat is enough. On wecom, the app of the staff, there is no group:
    cards go to whoever serves for the purpose, and neither --bot nor --chat is needed.
    """
    done(office.bind_group(load(), purpose=purpose, community=community, channel=channel, bot=bot, chat=chat))


@wechat_menu.command("push")
def wechat_menu_push(
    language: Annotated[
        str, typer.Option(help="zh_CN, zh_TW or en: the menu is the same for everybody.")
    ] = "zh_CN",
) -> None:
    """Have WeChat show the menu of services under the chat; it replaces the one there was."""
    from bot.handouts import push_menu

    print(done(push_menu(load(), language)))


@db.command("upgrade")
def db_upgrade() -> None:
    """Make or change the tables to what this release expects; harmless when they are that already."""
    done(office.upgrade(load()))


def done(work: Coroutine[Any, Any, Result]) -> Result:
    """What a command asked for; what is logged on the way goes to standard error."""
    logs.configure(load().log_format)
    return asyncio.run(work)


def main() -> int:
    """Do what was asked; what cannot be done is said in one line, and the status is not zero."""
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        return complaint(f"{error.format_message()} (--help says what is possible)", error.exit_code)
    except typer.Abort:
        return complaint("interrupted", 130)
    except (WrongSetting, office.Impossible, office.Unreachable, office.Unknown) as error:
        return complaint(str(error), 1)
    except OSError as error:
        return complaint(f"{error.filename or 'system'}: {error.strerror or error}", 1)


def complaint(what: str, status: int) -> int:
    print(f"wubu: {' '.join(what.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
