"""The image and the services: parsed as their programs parse them, and held to what is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from bot.cli.main import app
from bot.settings import Role, unknown_names
from tests.packaging.variables import is_known

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BACKUPS = "./backups:/srv/dateline/backups"
PINNED = r"docker\.io/library/[\w-]+:[\w.-]+@sha256:[0-9a-f]{64}"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, with lines that go on joined and comments gone."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    parts = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(word, " ".join(rest.split())) for word, rest in parts]


def told(word: str) -> list[str]:
    return [rest for one, rest in instructions() if one == word]


@pytest.fixture
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


@pytest.fixture
def ours(compose) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose["services"].items() if one["image"] == "dateline"}


def test_the_image_knows_no_variable_that_nobody_reads():
    named = re.findall(r"(\w+)=", " ".join(told("ENV")))

    assert named
    assert [name for name in named if not is_known(name)] == []


def test_the_container_runs_as_an_unprivileged_user():
    user, folder = told("USER")[-1], told("VOLUME")[-1]

    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    assert folder == f"{told('WORKDIR')[-1]}/var"
    assert told("STOPSIGNAL") == ["SIGTERM"]


def test_its_commands_are_there():
    commands = getattr(get_command(app), "commands")  # noqa: B009 - typer's type does not tell
    health = re.search(r'CMD \["dateline", "(\w+)"\]', told("HEALTHCHECK")[0])

    assert told("ENTRYPOINT") == ['["dateline"]']
    assert health
    assert {health[1], yaml.safe_load(told("CMD")[0])[0]} <= set(commands)


def test_only_copied_files_are_let_into_the_build():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}

    assert lines[1] == "*"
    assert {"bot", "storage", "templates", "pyproject.toml"} <= let_in
    assert set(re.findall(r"requirements[\w-]*\.lock", " ".join(told("COPY")))) <= let_in
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    assert {".env", "var", "secrets", ".git"} & let_in == set()


def test_images_of_others_are_named_by_their_digest(compose):
    stages = [match[1] for rest in told("FROM") if (match := re.search(r" AS (\w+)", rest))]
    based_on = [rest.split()[0] for rest in told("FROM")]
    images = [one["image"] for one in compose["services"].values()]
    built_by_others = [name for name in based_on + images if name not in {*stages, "dateline"}]

    assert len(built_by_others) == 2
    assert all(re.fullmatch(PINNED, name) for name in built_by_others)


def test_podman_accepts_every_tmpfs(compose):
    """It refuses the options uid and gid."""
    options = [entry for one in compose["services"].values() for entry in one["tmpfs"]]

    assert [entry for entry in options if "uid=" in entry or "gid=" in entry] == []


def test_every_stage_that_is_copied_from_is_there():
    stages = {match[1] for rest in told("FROM") if (match := re.search(r" AS (\w+)", rest))}
    copied = {match[1] for rest in told("COPY") if (match := re.match(r"--from=(\w+)", rest))}

    assert copied <= stages


def test_every_variable_of_the_services_is_a_setting(ours):
    named = {name for one in ours.values() for name in one["environment"]}

    assert [name for name in named if not is_known(name)] == []


def test_variables_of_the_services_are_no_misspelt_settings():
    """The bot reads `.env` too, where these are set."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    variables = re.findall(r"\$\{(\w+):-", text)

    assert set(variables) == {"EXTRAS", "WORKERS"}
    assert unknown_names(variables) == []


def test_every_service_is_shut_in(compose):
    for name, one in compose["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["restart"] == "always", name  # podman starts no others with the machine
        assert {"mem_limit", "pids_limit", "stop_grace_period", "logging"} <= set(one), name


def test_the_folder_of_another_version_uses_the_same_volumes(compose):
    """Without a name, Compose names volumes after the folder."""
    assert compose["name"] == "dateline"


def test_no_port_is_open_to_the_world(compose):
    ports = [port for one in compose["services"].values() for port in one.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_processes_on_postgresql_do_all_there_is_to_do(ours):
    shared = {name: one for name, one in ours.items() if one["profiles"] == ["postgresql"]}
    roles = [role for one in shared.values() for role in one["environment"]["ROLES"].split(",")]

    assert sorted(roles) == sorted(Role)
    for one in shared.values():
        # A DATABASE_URL of .env would go before the file.
        assert one["environment"]["DATABASE_URL"] == ""
        assert "database_url" in one["secrets"]
        # The volume of the image has no name, and podman never removes it.
        assert one["volumes"] == ["shared:/srv/dateline/var", BACKUPS]
        assert one["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_embedded_one_is_alone_and_keeps_its_file(ours):
    (one,) = (one for one in ours.values() if one["profiles"] == ["embedded"])

    assert one["volumes"] == ["var:/srv/dateline/var", BACKUPS]
    assert "deploy" not in one


def test_every_secret_is_a_file_that_is_used(compose):
    used = {name for one in compose["services"].values() for name in one["secrets"]}
    read = [
        value.removeprefix("/run/secrets/")
        for one in compose["services"].values()
        for name, value in one["environment"].items()
        if name.endswith("_FILE")
    ]

    assert used == set(compose["secrets"]) == set(read)


def test_the_proxy_that_is_believed_is_the_gateway_of_the_network(compose):
    (network,) = compose["networks"]["default"]["ipam"]["config"]

    trusted = compose["x-environment"]["TRUSTED_PROXIES"]
    assert trusted == f"{network['gateway']}/32"
