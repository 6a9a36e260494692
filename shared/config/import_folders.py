"""Which folders a child Python may import modules from."""

from pathlib import Path

#: The folder that the packages of this code lie in.
CODE_FOLDER = Path(__file__).resolve().parents[2]


def trusted(folders: list[str]) -> list[str]:
    """``folders`` without the working folder and without relative paths."""
    return [folder for folder in folders if _is_trusted(folder)]


def _is_trusted(folder: str) -> bool:
    """A checkout stays, although "python -m producer.cli" runs in it."""
    path = Path(folder)
    return path.is_absolute() and (path == CODE_FOLDER or path != Path.cwd())


def child_python_path(inherited: str, separator: str) -> str:
    """PYTHONPATH for a child, whose empty entries would mean its working folder."""
    folders = trusted(inherited.split(separator))
    if Path.cwd() == CODE_FOLDER and str(CODE_FOLDER) not in folders:
        folders.append(str(CODE_FOLDER))
    return separator.join(folders)
