"""Turns banks of sentences into threads whose posts answer each other."""

from collections.abc import Iterator
from random import Random
from typing import Protocol

from .phrases import Bank, Prose, Topic, Words

PAGE = 20  # As many posts as a thread page shows: nothing is said twice on one.
LONGEST_QUESTION = 18  # A question is settled sooner or later; only open topics go on and on.


class Deck:
    """A bank as a pack of cards: each piece is dealt once, in no particular order."""

    __slots__ = ("pieces", "left", "random")

    def __init__(self, bank: Bank, rng: Random) -> None:
        self.pieces = list(bank)
        self.left = len(bank)
        self.random = rng.random

    def deal(self) -> str:
        """A piece not dealt since the last `gather`, or "" when there is none left."""
        if not self.left:
            return ""
        at = int(self.random() * self.left)
        self.left -= 1
        pieces = self.pieces
        pieces[at], pieces[self.left] = pieces[self.left], pieces[at]
        return pieces[self.left]

    def gather(self) -> None:
        """Put all pieces back."""
        self.left = len(self.pieces)


class Speakers(Protocol):
    """Who takes part in a thread, as indices into the users."""

    starter: int

    def other(self, than: int) -> int: ...

    def name(self, index: int) -> str: ...


class Question:
    """A thread in which somebody asks, others ask back, answer and agree, and the asker says how it ended."""

    def __init__(self, topic: Topic, prose: Prose, words: Words, speakers: Speakers, rng: Random) -> None:
        self.topic, self.words, self.speakers, self.random = topic, words, speakers, rng.random
        banks = prose.banks | topic.banks
        self.answers = Deck(topic.banks["answers"], rng)
        self.asides = Deck(banks["asides"], rng)
        self.seconds = Deck(banks["seconds"], rng)
        self.tried = Deck(banks["tried"], rng)
        self.openers = Deck(banks["openers"], rng)
        self.closers = Deck(banks["closers"], rng)
        self.lists = Deck(banks["lists"], rng)
        self.thanks = Deck(banks["thanks"], rng)
        self.asked = -1
        self.answerer = -1  # Who answered last.
        self.unseconded = False  # Whether nobody has agreed with that answer yet.
        self.untried = False  # Whether the asker has said nothing about the answers since.
        self.ask = ""

    def posts(self, size: int) -> Iterator[tuple[int, str]]:
        """The author and the text of each post."""
        author, role = self.speakers.starter, "opening"
        yield author, self._opening()
        for number in range(2, size + 1):
            role = self._next(role, number, size - number)
            if role in ("told", "tried", "solved"):
                author = self.speakers.starter
            else:
                author = self.speakers.other(author if author != self.speakers.starter else -1)
            yield author, getattr(self, f"_{role}")(author)

    def _next(self, role: str, number: int, after: int) -> str:
        """What kind of post comes next, with `after` more behind it."""
        chance = self.random()
        if role == "asked":
            return "told"
        if self.answerer < 0:
            return "asked" if number == 2 and after >= 2 and chance < 0.45 and self._asks() else "answer"
        by_starter = role in ("told", "tried", "opening")
        if after == 0 and not by_starter and chance < 0.65:
            return "solved"
        if not by_starter and self.untried and self.tried.left and chance < 0.22:
            return "tried"
        if self.answers.left and chance < 0.8:
            return "answer"
        return "second" if self.unseconded and self.seconds.left else "aside"

    def _asks(self) -> bool:
        return bool(self.topic.banks["asked"])

    def _fill(self, piece: str) -> str:
        return piece.format_map(self.words)

    def _one(self, bank: str) -> str:
        pieces = self.topic.banks[bank]
        return self._fill(pieces[int(self.random() * len(pieces))])

    def _opening(self) -> str:
        ask = self.ask = self._one("ask")
        problem = self._one("problem")
        if self.random() < 0.2:
            return f"{problem}\n\n{ask}"
        joint = " " if self.random() < 0.4 else "\n\n"
        detail = self._one("detail")
        if "\n" in problem or "\n" in detail:
            joint = "\n\n"
        return f"{problem}{joint}{detail}\n\n{ask}"

    def _asked(self, author: int) -> str:
        asked = self.topic.banks["asked"]
        self.asked = int(self.random() * len(asked))
        return self._fill(asked[self.asked])

    def _told(self, author: int) -> str:
        return self._fill(self.topic.banks["told"][self.asked])

    def _answer(self, author: int) -> str:
        self.answerer = author
        self.unseconded = self.untried = True
        answer = self._fill(self.answers.deal())
        chance = self.random()
        if chance > 0.86 and (second := self.answers.deal()):
            return f"{self._fill(self.lists.deal())}\n\n1. {answer}\n2. {self._fill(second)}"
        if chance < 0.16 and self.ask:
            answer = f"> {self.ask}\n\n{answer}"
            self.ask = ""
        elif chance < 0.5:
            answer = f"{self._fill(self.openers.deal())} {answer}"
        if self.random() < 0.2:
            answer = f"{answer}\n\n{self._fill(self.closers.deal())}"
        return answer.strip()

    def _aside(self, author: int) -> str:
        return self._fill(self.asides.deal() or self.seconds.deal())

    def _second(self, author: int) -> str:
        """Agree with whoever answered last; nobody agrees with himself."""
        if author == self.answerer:
            return self._aside(author)
        self.unseconded = False
        self.words["name"] = self.speakers.name(self.answerer)
        return self._fill(self.seconds.deal())

    def _tried(self, author: int) -> str:
        self.untried = False
        return self._fill(self.tried.deal())

    def _solved(self, author: int) -> str:
        return f"{self._fill(self.thanks.deal())} {self._one('solved')}"


class OpenTopic:
    """A thread without an end, such as "What is in your cup today?": everybody adds something of their own."""

    def __init__(self, topic: Topic, prose: Prose, speakers: Speakers, rng: Random) -> None:
        self.topic, self.slots, self.speakers, self.rng = topic, prose.slots, speakers, rng
        self.pieces = Deck(topic.banks["posts"], rng)
        self.remarks = Deck(topic.banks["remarks"], rng)
        self.reactions = Deck(prose.banks["reactions"], rng)

    def posts(self, size: int) -> Iterator[tuple[int, str]]:
        """The author and the text of each post, the opening first."""
        openings = self.topic.banks["opening"]
        opening = openings[int(self.rng.random() * len(openings))]
        yield self.speakers.starter, opening.format_map(Words(self.slots, self.rng))
        yield from self.contributions(2, size, self.speakers.starter)

    def contributions(self, first: int, last: int, author: int) -> Iterator[tuple[int, str]]:
        """Posts number `first` to `last`, after a post by `author`."""
        random = self.rng.random
        for number in range(first, last + 1):
            if (number - 1) % PAGE == 0:
                self.pieces.gather()
                self.remarks.gather()
                self.reactions.gather()
            words = Words(self.slots, self.rng)
            words["name"] = self.speakers.name(author)
            author = self.speakers.other(author)
            text = self.pieces.deal()
            if random() < 0.3:
                text = f"{text} {self.remarks.deal()}"
            if number > 2 and random() < 0.25:
                text = f"{self.reactions.deal()}\n\n{text}"
            yield author, text.format_map(words).strip()
