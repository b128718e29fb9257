"""Whether a folder lies on a file system of another machine, where SQLite's locks don't hold."""

from pathlib import Path

from app.errors import StoreError

_NETWORK = frozenset(
    {
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.ceph",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "pvfs2",
        "smb3",
        "smbfs",
    }
)
_MOUNTS = Path("/proc/self/mounts")


def file_system(folder: Path, mounts: str) -> str:
    """The kind of the file system that a folder lies on, by the lines of /proc/mounts; empty where they don't say.

    >>> file_system(Path("/data/quire"), "host:/export /data nfs4 rw 0 0")
    'nfs4'
    """
    best, found = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Spaces, tabs and backslashes in a path are written as octal numbers there.
        point = Path(fields[1].encode().decode("unicode_escape").encode("latin-1").decode(errors="replace"))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), fields[2]
    return found


def check_local(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Raises StoreError where a folder lies on a network's file system; systems without /proc are not looked at."""
    try:
        kind = file_system(folder.resolve(), mounts.read_text(errors="replace"))
    except OSError:
        return
    if kind in _NETWORK:
        raise StoreError(
            f"{folder} lies on a network file system ({kind}), where SQLite's locks don't hold and papers could be "
            "lost; name a folder on a disk of this machine (QUIRE_DATA_DIR), or keep the papers in PostgreSQL "
            "(QUIRE_STORE_URL)"
        )
