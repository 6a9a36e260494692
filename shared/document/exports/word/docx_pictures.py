"""Puts pictures into a Word document.

python-docx hashes all pictures again for each new one, and looks through the whole document for a
free number, which takes minutes for thousands of figures.
"""

from typing import Any

from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml.shape import CT_Inline
from docx.parts.image import ImagePart


class Pictures:
    """The pictures of a document, each stored once."""

    def __init__(self, document: Any) -> None:
        self._relations = document.part.rels
        self._known: dict[str, Image] = {}
        self._shapes = 0

    def knows(self, name: str) -> bool:
        """Whether the picture of this name has been stored."""
        return name in self._known

    def store(self, name: str, data: bytes) -> None:
        """Store a picture; raises whatever python-docx raises for a damaged one."""
        image = Image.from_blob(data)
        image.scaled_dimensions(None, None)
        address = PackURI(f"/word/media/image{len(self._known) + 1}.{image.ext}")
        part = ImagePart.from_image(image, address)
        self._relations.add_relationship(RELATIONSHIP_TYPE.IMAGE, part, _relation(name))
        self._known[name] = image

    def inline(self, name: str) -> CT_Inline:
        """A new element that shows a stored picture."""
        self._shapes += 1
        image = self._known[name]
        width, height = image.scaled_dimensions(None, None)
        return CT_Inline.new_pic_inline(self._shapes, _relation(name), name, width, height)


def _relation(name: str) -> str:
    return f"figure-{name}"
