"""Numbers of posts, as they are chosen and stored."""


def ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Rising numbers as ranges: 1, 2, 3, 7 -> (1, 3), (7, 7)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
