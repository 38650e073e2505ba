"""What docs/deployment.md says of back-up and restore brings every row back."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from psycopg import sql

from ambient.stack.postgres import find_binaries
from conversations.services.access import create_key
from conversations.services.conversations import open_live_conversation
from sessions.models import RealTimeSession
from tests.docs.pages import blocks, page, section

RESTORED = "restored_for_a_test"


def address(name: str) -> str:
    """Of a database of the server that the tests use."""
    given = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])
    return psycopg.conninfo.make_conninfo("", **(given | {"dbname": name}))


def rows_of(name: str) -> dict[str, tuple[int, str | None]]:
    """By table: how many rows, and a digest of all that stands in them."""
    with psycopg.connect(address(name)) as connected:
        tables = connected.execute(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        ).fetchall()
        query = sql.SQL("select count(*), md5(string_agg(t::text, '|' order by t::text)) from {} t")
        return {
            table: tuple(connected.execute(query.format(sql.Identifier(table))).fetchone() or ())
            for (table,) in tables
        }


@pytest.fixture
def empty_database() -> Iterator[str]:
    name = sql.Identifier(RESTORED)
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("drop database if exists {}").format(name))
        server.execute(sql.SQL("create database {}").format(name))
        yield RESTORED
        server.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_page_bring_every_row_and_file_back(tmp_path: Path, empty_database: str) -> None:
    """Dumped from a database with rows in it, restored into an empty one: every table is the same."""
    owner = get_user_model().objects.create_user("speaker")
    create_key(owner=owner, name="phone", scopes=("live",))
    conversation = open_live_conversation(
        owner_id=owner.pk, session_id="s-1", language="en", store_audio=True
    )
    RealTimeSession.objects.create(
        session_id="s-1",
        owner=owner,
        conversation=conversation,
        protocol="transcribe",
        encoding="pcm_s16le",
        sample_rate_hz=16_000,
        channels=1,
        options={"vocabulary": ["Ça va – 北京", "a\\b\n"]},
    )
    source = str(connection.settings_dict["NAME"])
    kept, brought_back = tmp_path / "media", tmp_path / "restored"
    (kept / "journal" / "s-1").mkdir(parents=True)
    (kept / "journal" / "s-1" / "part.raw").write_bytes(bytes(range(256)))
    brought_back.mkdir()
    back_up, restore = blocks(section(page("docs/deployment.md"), "## Back-up and restore"), "sh")
    run(back_up, tmp_path, database=source, media=kept)
    run(
        restore.replace("python manage.py prepare", ""), tmp_path, database=empty_database, media=brought_back
    )
    before = rows_of(source)
    assert before["realtime_realtimesession"][0] == 1
    assert rows_of(empty_database) == before
    assert (brought_back / "journal/s-1/part.raw").read_bytes() == bytes(range(256))


def run(commands: str, folder: Path, *, database: str, media: Path) -> None:
    binaries = find_binaries()
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "DATABASE_URL": address(database),
        "AMBIENT_MEDIA_ROOT": str(media),
        "LD_LIBRARY_PATH": str(binaries.parent / "lib"),
    }
    script = f"set -eu; cd {shlex.quote(str(folder))}\n{commands}"
    done = subprocess.run(
        ["bash", "-c", script], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
