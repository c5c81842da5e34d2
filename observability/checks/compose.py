"""What the compose file promises beyond its syntax, which the loader of Docker Compose has looked at before.

Versions are pinned, ports are on the loopback alone, mounted files exist, whoever can be asked for its health is, and the
observer watches what the shop runs.
"""

import re
import sys
from pathlib import Path

import yaml

ROOM = Path(__file__).resolve().parent.parent
# An image by a version, or our own.
PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)+|choreograph:local")
BASE = re.compile(r"^FROM (\S+)", re.MULTILINE)
PINNED_BASE = re.compile(r"[\w./-]+:[\w.]*\d[\w.-]*")
# Without a shell or a program to ask with.
WITHOUT_HEALTH = {"collector"}


def wrong(name, service):
    if not PINNED.fullmatch(service["image"]):
        yield f"{name}: {service['image']} is not pinned by a version"
    for port in service.get("ports", []):
        if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port):
            yield f"{name}: port {port} is not on the loopback alone"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith(".") and not (ROOM / source).exists():
            yield f"{name}: mounts {source}, which is not there"
        if source.startswith(".") and not volume.endswith(":ro"):
            yield f"{name}: could write to {source}"
    if name not in WITHOUT_HEALTH and "test" not in service.get("healthcheck", {}):
        yield f"{name}: nobody asks for its health"


def mounted(service, folder):
    """What is mounted there, and how."""
    found = [volume.split(":") for volume in service.get("volumes", [])]
    return next(((source, mode) for source, target, *mode in found if target == folder), (None, None))


def apart(shop, observer):
    """The groups of the shop's site and catalogue are new at each start, so no manifest that lies in an image names them."""
    written = shop["command"][shop["command"].index("--manifests") + 1] if "--manifests" in shop["command"] else ""
    read = [word.removeprefix("--manifests=") for word in observer["command"] if word.startswith("--manifests=")]
    (of_shop, how), of_observer = mounted(shop, written), [mounted(observer, folder) for folder in read]
    if of_shop is None or how or of_observer != [(of_shop, ["ro"])]:
        yield "the observer does not read the manifests that the shop writes at its start"
    namespace = shop["command"][shop["command"].index("--namespace") + 1]
    if observer["environment"]["CHOREOGRAPH_NAMESPACE"] != namespace:
        yield "the observer looks at another namespace than the shop's"


def main():
    services = yaml.safe_load((ROOM / "compose.yaml").read_text())["services"]
    mistakes = [mistake for name, service in services.items() for mistake in wrong(name, service)]
    mistakes += apart(services["shop"], services["observer"])
    for base in BASE.findall((ROOM / "Dockerfile").read_text()):
        if not PINNED_BASE.fullmatch(base):
            mistakes.append(f"Dockerfile: {base} is not pinned by a version")
    if mistakes:
        sys.exit("\n".join(mistakes))
    print(f"{len(services)} services, all pinned, all on the loopback; the observer watches what the shop runs")


if __name__ == "__main__":
    main()
