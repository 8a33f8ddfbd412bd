"""What a backup lacks, told from what has nothing to be kept."""

from zargar.backups import exclusions


def test_a_pipe_in_a_folder_is_named_and_a_file_that_could_not_be_read_is_lacking() -> None:
    pipe = f"files.media: 'pipe' is {exclusions.NO_CONTENT}"
    lines = [pipe, "files.media: 'a.jpg' cannot be read: Permission denied", "negin: it cannot be read: no right"]
    assert exclusions.lacks(lines) == lines[1:]
    assert exclusions.lacks([pipe]) == []


def test_each_is_named_once() -> None:
    assert exclusions.names(["files.media: 'a' went", "files.media: 'b' went", "negin: gone"]) == [
        "files.media",
        "negin",
    ]
