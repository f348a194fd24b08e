"""A scenario: one validated file, its arms and design points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sim.errors import Fault, InputError
from sim.scenario.changes import from_python
from sim.scenario.checks import is_structural, nearest
from sim.scenario.designs import Design, product
from sim.scenario.present import resolved_yaml, sources
from sim.scenario.resolve import arm_tree, at_values, world_settings
from sim.scenario.settings import Group
from sim.scenario.tree import Tree, leaf, leaves
from sim.scenario.world import WORLD_KEYS, Heading, WorldSettings

Values = Mapping[str, float]


@dataclass(frozen=True)
class Point:
    """One assignment of the swept settings."""

    index: int
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Scenario:
    """A validated scenario.

    Attributes
    ----------
    heading
        Name, market, horizon, replicates, seed, baseline.
    arms
        Names of the arms, the baseline first as written.
    designs
        Designs of the sweep; their product is the points.
    tree
        The whole file with what it extends, and who set each value.
    root
        World settings at the root of the ``extends`` chain: the world that calibration holds
        when a counterfactual setting changes.
    written
        The file with what it extends, before any change.
    changes
        What the command line or a program set.
    notices
        Things a person should know, such as a sweep that ``--set`` replaced.
    held
        The market stays calibrated as the file is written: structural settings of an arm, a
        design point or the command line change the world and do not calibrate it again.
    """

    file: str
    heading: Heading
    arms: tuple[str, ...]
    designs: tuple[Design, ...]
    tree: Tree
    root: Tree
    written: Tree
    changes: Tree
    notices: tuple[str, ...]
    held: bool = False

    @property
    def name(self) -> str:
        """Title of the scenario."""
        return self.heading.name

    @property
    def sweep(self) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """Distinct values of each swept setting by its path."""
        return tuple(
            (path, design.values(path)) for design in self.designs for path in design.paths
        )

    def points(self) -> tuple[Point, ...]:
        """The product of all designs in the order of the file, the last one fastest."""
        return tuple(Point(index, values) for index, values in enumerate(product(self.designs)))

    def reference_point(self) -> Point:
        """The point at which headlines are told: swept settings nearest to the file's own.

        Distances are in parts of the range that the design gives a setting; of a setting that
        the file leaves open the lowest value is the nearest.
        """
        return self._reference

    @cached_property
    def _reference(self) -> Point:
        wanted, width = {}, {}
        for path, values in self.sweep:
            own = self.tree.get(tuple(path.split(".")))
            wanted[path] = min(values) if own is None else float(own)
            width[path] = (max(values) - min(values)) or 1.0
        return min(
            self.points(),
            key=lambda point: sum(
                abs(value - wanted[path]) / width[path] for path, value in point.values
            ),
        )

    @property
    def most_replicates(self) -> int:
        """Replicates that a batch has, or with a stopping rule the most that it can have."""
        until = self.heading.until
        return self.heading.replicates if until is None else until.most

    @property
    def antithetic(self) -> bool:
        """Whether replicates 2k and 2k + 1 have mirrored luck."""
        return self.tree.get(("luck", "antithetic")) is True

    def independent(self, asked_by: str) -> Scenario:
        """The scenario itself, if its replicates are independent draws of luck.

        Raises
        ------
        InputError
            Its luck is antithetic; ``asked_by`` counts replicates, not couples.
        """
        if self.antithetic:
            place = self.tree.place(("luck", "antithetic")) or (self.file, 0)
            expected = f"false: {asked_by} counts replicates as independent draws of luck"
            raise InputError([Fault(*place, "luck.antithetic", "true", expected)])
        return self

    def variants(self) -> dict[str, dict[str, float]]:
        """Named sets of values of the calibration, as the file gives them."""
        found = self.tree.get(("calibration", "variants"))
        if not isinstance(found, dict):
            return {}
        return {name: values for name, values in found.items() if values is not None}

    def world(self, arm: str, values: Values) -> Tree:
        """World settings of an arm at swept values, as a tree.

        A value that belongs to a contract which the arm does not have leaves it as it is.
        """
        return at_values(arm_tree(self.tree, arm), self.tree, values)

    def settings(self, arm: str, values: Values) -> WorldSettings:
        """Validated settings of an arm at swept values.

        Raises
        ------
        InputError
            They are not valid.
        """
        faults: list[Any] = []
        settings = world_settings(self.world(arm, values), self.tree, (), faults)
        if settings is None or faults:
            raise InputError(faults)
        return settings

    def calibration_settings(self, arm: str, values: Values) -> WorldSettings:
        """Settings under which the market is calibrated.

        Structural settings as the arm and point have them; all others as at the root of the
        scenario, so that a counterfactual does not calibrate itself away. Where the scenario
        is ``held``, structural settings are as the file is written.
        """
        tree = self._calibrated_as_written if self.held else self._calibrated_as(
            self.world(arm, values)
        )
        faults: list[Any] = []
        settings = world_settings(tree, self.tree, (), faults)
        if settings is None or faults:
            raise InputError(faults)
        # What other calibrations there are changes none of them.
        closure = settings.calibration.model_copy(update={"variants": {}})
        return settings.model_copy(update={"calibration": closure})

    @property
    def _calibrated_as_written(self) -> Tree:
        """The world that a held calibration is made in: that of the file before any change."""
        return self._calibrated_as(self.written.part("held").over(self.written.only(WORLD_KEYS)))

    def _calibrated_as(self, world: Tree) -> Tree:
        """Structural settings of a world over the root's settings."""
        tree = self.root
        for path, value in leaves(world.data):
            if path[0] in WORLD_KEYS and is_structural(path):
                tree = leaf(path, value, ("", 0)).over(tree)
        return tree

    def members(self, arm: str) -> tuple[str, ...]:
        """Firms that have a contract in an arm, in order of mention."""
        contracts = self.settings(arm, dict(self.reference_point().values)).alliances.values()
        return tuple(dict.fromkeys(name for contract in contracts for name in contract.members))

    def concerned(self, arm: str) -> tuple[str, ...]:
        """Members of an arm, then firms that take new money, then those named abroad."""
        settings = self.settings(arm, dict(self.reference_point().values))
        given = [injection.to for injection in settings.injections.values()]
        abroad = [
            firm
            for region in settings.regions.values()
            if region.modelled
            for firm in region.firms
        ]
        return tuple(dict.fromkeys([*self.members(arm), *given, *abroad]))

    def with_baseline(self, arms: Sequence[str], option: str = "arms") -> tuple[str, ...]:
        """Some arms, checked, with the baseline before them.

        Raises
        ------
        InputError
            The scenario does not have one of them.
        """
        faults = [
            Fault(self.file, 0, option, arm, "one of " + ", ".join(self.arms),
                  nearest(arm, self.arms))
            for arm in arms
            if arm not in self.arms
        ]
        if faults:
            raise InputError(faults)
        return tuple(dict.fromkeys([self.heading.baseline, *arms]))

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions abroad that some arm models, in order of mention."""
        values = dict(self.reference_point().values)
        named = [
            name
            for arm in self.arms
            for name, region in self.settings(arm, values).regions.items()
            if region.modelled
        ]
        return tuple(dict.fromkeys(named))

    def merges(self, arm: str) -> bool:
        """Whether an arm merges firms."""
        settings = self.settings(arm, dict(self.reference_point().values))
        contracts = settings.alliances.values()
        return any(contract.terms.merger is not None for contract in contracts)

    @property
    def settled(self) -> Tree:
        """The whole file without the names of what it extends, for comparing with another."""
        data = {key: value for key, value in self.tree.data.items() if key != "extends"}
        return Tree(data, self.tree.places)

    def resolved_yaml(self) -> str:
        """The scenario as one YAML file that loads to the same.

        That of a ``held`` scenario does where the calibration is held again.
        """
        if self.held:
            return resolved_yaml(self.tree, self._calibrated_as_written, held=True)
        return resolved_yaml(self.tree, self.root)

    def sources(self) -> str:
        """One line a value, with who set it."""
        return sources(self.tree, self.heading.market)

    def set(self, path: str, value: object) -> Scenario:
        """The same scenario with one setting changed, over file and arms, as ``--set`` does.

        Parameters
        ----------
        path
            Dotted path, e.g. ``conduct.war_intensity``. If it is swept, the value replaces the
            sweep, and ``notices`` says so.
        value
            What YAML could hold; None removes.

        Raises
        ------
        InputError
            All faults of the scenario so changed.
        """
        # The loader makes scenarios, so it stands above this module.
        from sim.scenario.load import assemble

        changes = from_python(path, value).over(self.changes)
        changed = assemble(self.file, self.written, self.root, changes, [])
        return replace(changed, held=self.held)

    def holding_calibration(self) -> Scenario:
        """The same scenario, calibrated as its file is written and not again (``held``)."""
        return replace(self, held=True)

    @property
    def written_replicates(self) -> int:
        """Replicates as the file has them."""
        found = self.written.get(("replicates",))
        return found if isinstance(found, int) else self.heading.replicates

    def with_replicates(self, replicates: int) -> Scenario:
        """The same scenario with another number of replicates."""
        return self.set("replicates", replicates)


def plain(group: Group) -> dict[str, Any]:
    """Settings as plain data, for hashing and printing."""
    return group.model_dump(mode="python", by_alias=True, exclude_none=True)
