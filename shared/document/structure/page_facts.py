"""A few bytes about every page of a document, which the rules of structure need."""

from array import array
from bisect import bisect_left

from shared.domain.records.page_result import PageImage, PageResult


class PageFacts:
    """The numbers of the selected pages, which grow, their sizes, and which are blank."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._sizes = array("Q")
        self._blank = bytearray()
        #: The page that was asked for last, and its position.
        self._latest = (0, -1)

    def add(self, page: PageResult) -> None:
        """Note the next page."""
        self._numbers.append(page.page)
        self._sizes.extend((page.image.width, page.image.height))
        self._blank.append(page.status == "blank")

    def position(self, page: int) -> int:
        """The position of ``page`` among the selected pages; raises KeyError."""
        if self._latest[0] != page:
            index = bisect_left(self._numbers, page)
            if index == len(self._numbers) or self._numbers[index] != page:
                raise KeyError(page)
            self._latest = (page, index)
        return self._latest[1]

    def image(self, page: int) -> PageImage:
        """The size of the image of ``page``; raises KeyError."""
        index = 2 * self.position(page)
        return PageImage(width=self._sizes[index], height=self._sizes[index + 1])

    def follows(self, page: int, other: int) -> bool:
        """Whether ``other`` is ``page`` or the next page with text."""
        first, last = self.position(page), self.position(other)
        return first <= last and all(self._blank[first + 1 : last])
