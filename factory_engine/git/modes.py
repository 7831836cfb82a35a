"""The modes that git knows, as it writes them in trees and in patches. Owns the five words."""

FILE = "100644"
EXECUTABLE = "100755"
LINK = "120000"
GITLINK = "160000"  # a submodule: the id is that of a commit
FOLDER = "40000"  # as trees have it; patches never name one

FILE_MODES = (FILE, EXECUTABLE)
