"""The servers of the test bed as programs on disk: found, or built once and kept.

Looked for in this order: the folder in ``KUBEBUILDER_ASSETS``; okg's cache folder
(``OKG_CACHE_DIR``, else ``okg`` in the user's cache folder); else built with Go from the tool
modules in ``hack/tools`` of okg's repository (``OKG_TOOLS_DIR`` names another place). A cached
build is keyed by the module's files and linker flags, and made under a file lock.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from okg.errors import ConfigError
from okg.testing.toolchain import find_go

_PROGRESS_SECONDS = 15.0
_STRIPPED = "-s -w"
_KUBERNETES_VERSION = re.compile(r"\bk8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)")
_VERSION_PACKAGE = "k8s.io/component-base/version"


@dataclass(frozen=True)
class Program:
    """A server that can be built.

    Attributes:
        name: of the executable.
        module: folder under ``hack/tools``.
        package: Go path of its main package.
        stamped: whether the Kubernetes version is set at link time; without it the server
            calls itself v0.0.0-master.
    """

    name: str
    module: str
    package: str
    stamped: bool = False


ETCD = Program("etcd", "etcd", "go.etcd.io/etcd/server/v3")
KUBE_APISERVER = Program(
    "kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", stamped=True
)
KUBE_CONTROLLER_MANAGER = Program(
    "kube-controller-manager",
    "kubernetes",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    stamped=True,
)
KUBELET = Program("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet", stamped=True)
HELM = Program("helm", "manifests", "helm.sh/helm/v3/cmd/helm")
KUSTOMIZE = Program("kustomize", "manifests", "sigs.k8s.io/kustomize/kustomize/v5")
KRUISE_MANAGER = Program("kruise-manager", "kruise", "github.com/openkruise/kruise")
ARGOHEALTH = Program("argohealth", "delivery", "okg/hack/tools/delivery/argohealth")
CUE = Program("cue", "delivery", "cuelang.org/go/cmd/cue")
KSTATUS = Program("kstatus", "delivery", "okg/hack/tools/delivery/kstatus")
_KRUISE_MANIFESTS = {"crds": "config/crd/bases", "webhooks": "config/webhook"}


def find_program(program: Program) -> Path:
    """Return the executable, building it if need be (minutes, with progress on stderr).

    Raises:
        ConfigError: it is nowhere and cannot be built; says what to do.
    """
    asset = _asset(program.name)
    if asset:
        return asset
    module = _ToolModule.find(program)
    executable = module.folder_in_cache / program.name
    if not executable.exists():
        with _locked(module.folder_in_cache):
            if not executable.exists():
                module.build(program, executable)
    return executable


def find_kruise_manifests() -> Path:
    """Return a folder with OpenKruise's manifests: ``crds/*.yaml`` and ``webhooks/*.yaml``.

    Raises:
        ConfigError: they are not in the cache and the Go module cannot be had.
    """
    module = _ToolModule.find(KRUISE_MANAGER)
    manifests = module.folder_in_cache / "manifests"
    if not manifests.exists():
        with _locked(module.folder_in_cache):
            if not manifests.exists():
                module.copy_yaml(KRUISE_MANAGER.package, _KRUISE_MANIFESTS, manifests)
    return manifests


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where okg keeps what it has built."""
    if "OKG_CACHE_DIR" in environ:
        return Path(environ["OKG_CACHE_DIR"])
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "okg"


def tools_folder(environ: Mapping[str, str] = os.environ, start: Path = Path(__file__)) -> Path:
    """Return ``hack/tools`` of okg's repository.

    Args:
        environ: ``OKG_TOOLS_DIR`` in it decides.
        start: file whose parent folders are searched.

    Raises:
        ConfigError: okg does not run from its repository.
    """
    if "OKG_TOOLS_DIR" in environ:
        return Path(environ["OKG_TOOLS_DIR"])
    for parent in start.resolve().parents:
        if (parent / "hack/tools/etcd/go.mod").exists():
            return parent / "hack/tools"
    raise ConfigError(
        "the test servers are not at hand and can only be built in okg's repository: set"
        " KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager,"
        " or OKG_TOOLS_DIR to the repository's hack/tools"
    )


def linker_flags(go_mod: str, *, stamped: bool) -> str:
    """Return what a build passes to the Go linker, from the text of its go.mod."""
    version = _KUBERNETES_VERSION.search(go_mod) if stamped else None
    if not version:
        return _STRIPPED
    full, major, minor = version.groups()
    values = {"gitVersion": full, "gitMajor": major, "gitMinor": minor}
    stamps = [f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in values.items()]
    return " ".join([_STRIPPED, *stamps])


def build_key(*parts: str) -> str:
    """Return a name that changes whenever a build could come out differently.

    Args:
        parts: go.mod, go.sum, linker flags and the module's own sources.
    """
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class _Download(msgspec.Struct, frozen=True):
    """What Go tells of a module that it has downloaded."""

    folder: str = msgspec.field(name="Dir")


@dataclass(frozen=True)
class _ToolModule:
    """One Go module under ``hack/tools`` and its place in the cache."""

    folder: Path
    folder_in_cache: Path
    flags: str

    @classmethod
    def find(cls, program: Program) -> "_ToolModule":
        folder = tools_folder() / program.module
        try:
            go_mod, go_sum = (folder / "go.mod").read_text(), (folder / "go.sum").read_text()
        except FileNotFoundError as error:
            raise ConfigError(f"{folder} is not a tool module of okg: {error}") from error
        flags = linker_flags(go_mod, stamped=program.stamped)
        sources = [path.read_text() for path in sorted(folder.rglob("*.go"))]
        key = build_key(go_mod, go_sum, flags, *sources)
        return cls(folder, cache_folder() / program.module / key, flags)

    def build(self, program: Program, executable: Path) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder_in_cache) as scratch:
            built = Path(scratch) / program.name
            arguments = ["build", "-trimpath", "-ldflags", self.flags, "-o", str(built)]
            _run_with_progress(
                [str(find_go(cache_folder())), *arguments, program.package],
                folder=self.folder,
                title=f"building {program.name}",
                log=Path(scratch) / "log",
            )
            built.replace(executable)

    def copy_yaml(self, module_path: str, folders: Mapping[str, str], target: Path) -> None:
        source = self._source_folder(module_path)
        with tempfile.TemporaryDirectory(dir=self.folder_in_cache) as scratch:
            for name, folder in folders.items():
                copies = Path(scratch) / "manifests" / name
                copies.mkdir(parents=True)
                for file in (source / folder).glob("*.yaml"):
                    # Without the mode: files of the module cache are read-only.
                    shutil.copyfile(file, copies / file.name)
            (Path(scratch) / "manifests").rename(target)

    def _source_folder(self, module_path: str) -> Path:
        done = subprocess.run(
            [str(find_go(cache_folder())), "mod", "download", "-json", module_path],
            cwd=self.folder,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise ConfigError(f"downloading {module_path} failed:\n{said}")
        return Path(msgspec.json.decode(done.stdout, type=_Download).folder)


def _asset(name: str) -> Path | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    found = shutil.which(name, path=folder) if folder else None
    return Path(found) if found else None


def _run_with_progress(argv: list[str], *, folder: Path, title: str, log: Path) -> None:
    """Run a command that takes minutes, telling every 15 seconds that it still does."""
    started = time.monotonic()
    sys.stderr.write(f"okg: {title} (once; kept in {cache_folder()})\n")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    with (
        log.open("wb") as output,
        subprocess.Popen(argv, cwd=folder, stdout=output, stderr=output, env=environment) as child,
    ):
        while _runs_for(child, _PROGRESS_SECONDS):
            sys.stderr.write(f"okg: {title}, {time.monotonic() - started:.0f} s\n")
    if child.returncode:
        raise ConfigError(f"{title} failed:\n{log.read_text(errors='replace')}")
    sys.stderr.write(f"okg: {title} took {time.monotonic() - started:.0f} s\n")


def _runs_for(child: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold the lock of a cache folder, so that two processes do not build the same."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"okg: another process builds in {folder}, waiting\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
