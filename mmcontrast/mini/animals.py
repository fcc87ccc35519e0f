"""Categories of animals, seen from the side (facing right) or from above."""

from __future__ import annotations

from .parts import Category, Part, chain
from .shapes import blob, dome, ellipse, limb, petal, polygon

# The catalogue is a table, kept as typed.
# fmt: off

HORSE = Category(
    "horse",
    (Part("body", ellipse(0.56, 0.27), key=(0, 0)),
     *chain("far_front", "body", (0.38, 0.12), 92, (0.38, 0.36), (0.1, 0.06, 0.05), layer=-1),
     *chain("far_hind", "body", (-0.34, 0.12), 96, (0.38, 0.36), (0.12, 0.06, 0.05), layer=-1),
     *chain("near_front", "body", (0.44, 0.12), 86, (0.38, 0.36), (0.1, 0.06, 0.05), layer=1),
     *chain("near_hind", "body", (-0.42, 0.1), 90, (0.38, 0.36), (0.14, 0.06, 0.05), layer=1),
     Part("neck", limb(0.52, 0.2, 0.11), "body", (0.4, -0.1), -55, 15, key=(0.52, 0)),
     Part("mane", petal(0.62, 0.2), "neck", (-0.05, -0.13), 4, 6, slot=2, layer=2),
     Part("head", limb(0.34, 0.12, 0.08), "neck", (0.52, 0), 85, 18, layer=1, key=(0.38, 0)),
     Part("ear", petal(0.2, 0.09), "head", (-0.02, -0.07), -70, 12, slot=0, layer=2),
     Part("tail", petal(0.62, 0.2), "body", (-0.52, -0.08), 118, 30, 2, -1, key=(0.6, 0))),
    (("patches",), ("fur",), ("fur",)),
    frozenset({"animal", "legs", "tail", "long_neck", "ears", "side_view"}))

CAT = Category(
    "cat",
    (Part("body", blob((-0.6, -0.2), (0, -0.32), (0.5, -0.3), (0.55, 0.2), (0, 0.22), (-0.6, 0.25)),
          key=(0, 0)),
     *chain("far_front", "body", (0.3, 0.12), 84, (0.24, 0.24), (0.09, 0.075, 0.07), layer=-1),
     *chain("far_hind", "body", (-0.36, 0.12), 98, (0.24, 0.24), (0.11, 0.075, 0.07), layer=-1),
     *chain("near_front", "body", (0.4, 0.12), 92, (0.24, 0.24), (0.09, 0.075, 0.07), layer=1),
     *chain("near_hind", "body", (-0.44, 0.1), 90, (0.24, 0.24), (0.15, 0.075, 0.07), layer=1),
     *chain("tail", "body", (-0.5, -0.1), -140, (0.32, 0.32, 0.26), (0.08, 0.065, 0.06, 0.05),
            bend=32, swing=28, layer=-1),
     Part("head", ellipse(0.31, 0.27), "body", (0.52, -0.36), 0, 18, layer=2, key=(0, 0)),
     Part("ear_left", polygon((-0.02, -0.12), (0.3, 0), (-0.02, 0.12)), "head", (-0.18, -0.15),
          -112, 8, layer=1, key=(0.3, 0)),
     Part("ear_right", polygon((-0.02, -0.12), (0.3, 0), (-0.02, 0.12)), "head", (0.18, -0.15),
          -68, 8, layer=1, key=(0.3, 0)),
     Part("muzzle", ellipse(0.14, 0.1), "head", (0.06, 0.12), 0, 0, 1, 3),
     Part("eye_left", ellipse(0.05, 0.07), "head", (-0.08, -0.05), 0, 0, 2, 3, key=(0, 0)),
     Part("eye_right", ellipse(0.05, 0.07), "head", (0.17, -0.05), 0, 0, 2, 3, key=(0, 0))),
    (("stripes",), ("plain",), ("plain",)),
    frozenset({"animal", "legs", "tail", "ears", "side_view", "round_head"}))

BIRD = Category(
    "bird",
    (Part("body", blob((-0.55, 0.02), (-0.2, -0.26), (0.3, -0.3), (0.6, -0.05), (0.3, 0.32),
                       (-0.2, 0.28)), key=(0, 0)),
     Part("tail", polygon((0, -0.1), (0.55, -0.24), (0.6, -0.02), (0.55, 0.2), (0, 0.1)), "body",
          (-0.38, 0.03), 175, 20, 1, -1, key=(0.55, 0)),
     *chain("far_leg", "body", (0.02, 0.22), 100, (0.26, 0.24), (0.045, 0.035, 0.03), bend=-20,
            slot=2, layer=-1),
     *chain("near_leg", "body", (0.12, 0.22), 80, (0.26, 0.24), (0.045, 0.035, 0.03), bend=-20,
            slot=2, layer=-1),
     Part("far_wing", petal(0.85, 0.42), "body", (0.1, -0.12), -120, 28, 1, -1, key=(0.85, 0)),
     Part("near_wing", blob((-0.1, -0.2), (0.3, -0.26), (0.95, 0.1), (0.3, 0.24), (-0.1, 0.18)),
          "body", (0.18, -0.08), -165, 60, 1, 2, key=(0.76, 0.06)),
     Part("head", ellipse(0.23), "body", (0.52, -0.3), 0, 20, layer=1, key=(0, 0)),
     Part("beak", polygon((0, -0.09), (0.34, 0.03), (0, 0.09)), "head", (0.18, 0), 4, 14, 2, 1,
          key=(0.34, 0.03)),
     Part("eye", ellipse(0.05), "head", (0.07, -0.05), 0, 0, 2, 2)),
    (("fur",), ("stripes",), ("plain",)),
    frozenset({"animal", "legs", "tail", "wings", "beak", "side_view", "round_head"}), tilt=30)

FISH = Category(
    "fish",
    (Part("body", blob((-0.62, -0.05), (-0.1, -0.42), (0.5, -0.36), (0.8, 0), (0.5, 0.36),
                       (-0.1, 0.42), (-0.62, 0.05)), key=(0, 0)),
     Part("tail", polygon((0, -0.08), (0.5, -0.44), (0.38, 0), (0.5, 0.44), (0, 0.08)), "body",
          (-0.5, 0), 180, 28, 1, -1, key=(0.36, 0)),
     Part("dorsal_fin", polygon((-0.3, 0.05), (-0.34, -0.34), (0.32, 0.05)), "body", (0.08, -0.3),
          0, 10, 1, -1, key=(-0.34, -0.34)),
     Part("anal_fin", polygon((-0.2, -0.05), (-0.24, 0.26), (0.2, -0.05)), "body", (-0.05, 0.3), 0,
          10, 1, -1, key=(-0.24, 0.26)),
     Part("pectoral_fin", petal(0.42, 0.24), "body", (0.22, 0.08), 150, 32, 1, 1, key=(0.4, 0)),
     Part("gill", petal(0.5, 0.1), "body", (0.44, -0.25), 96, 4, 2, 1),
     Part("eye", ellipse(0.075), "body", (0.56, -0.1), 0, 0, 2, 2, key=(0, 0))),
    (("scales",), ("stripes",), ("plain",)),
    frozenset({"animal", "fins", "tail", "side_view", "scaly"}), tilt=35)

BUTTERFLY = Category(
    "butterfly",
    (Part("body", ellipse(0.09, 0.44), layer=1, slot=1, key=(0, 0)),
     Part("upper_left_wing", blob((0, -0.08), (0.5, -0.38), (0.98, -0.28), (0.85, 0.2),
                                  (0.1, 0.16)),
          "body", (-0.04, -0.14), 207, 14, key=(0.85, -0.1)),
     Part("upper_right_wing", blob((0, 0.08), (0.5, 0.38), (0.98, 0.28), (0.85, -0.2),
                                   (0.1, -0.16)),
          "body", (0.04, -0.14), -27, 14, key=(0.85, 0.1)),
     Part("lower_left_wing", blob((0, -0.1), (0.5, -0.26), (0.76, 0), (0.5, 0.3), (0, 0.1)),
          "body", (-0.04, 0.1), 140, 14, key=(0.68, 0)),
     Part("lower_right_wing", blob((0, 0.1), (0.5, 0.26), (0.76, 0), (0.5, -0.3), (0, -0.1)),
          "body", (0.04, 0.1), 40, 14, key=(0.68, 0)),
     Part("left_mark", ellipse(0.14), "upper_left_wing", (0.62, -0.08), 0, 0, 2, 1),
     Part("right_mark", ellipse(0.14), "upper_right_wing", (0.62, 0.08), 0, 0, 2, 1),
     *chain("left_antenna", "body", (-0.03, -0.4), -112, (0.26, 0.22), (0.03, 0.025, 0.03),
            bend=-16, swing=12, slot=1),
     *chain("right_antenna", "body", (0.03, -0.4), -68, (0.26, 0.22), (0.03, 0.025, 0.03),
            bend=16, swing=12, slot=1)),
    (("spots", "patches"), ("fur",), ("checks",)),
    frozenset({"animal", "wings", "antennae", "top_view", "symmetric"}), tilt=40)


def _spider_legs() -> tuple[Part, ...]:
    legs: list[Part] = []
    for i, angle in enumerate((-52, -18, 18, 50)):
        joint_y = -0.12 + 0.09 * i
        bend = 40 if angle > 0 else -40
        legs += chain(f"right_leg{i}", "thorax", (0.14, joint_y), angle, (0.42, 0.46),
                      (0.055, 0.045, 0.03), bend=bend, swing=14, slot=1, layer=-1)
        legs += chain(f"left_leg{i}", "thorax", (-0.14, joint_y), 180 - angle, (0.42, 0.46),
                      (0.055, 0.045, 0.03), bend=-bend, swing=14, slot=1, layer=-1)
    return tuple(legs)


SPIDER = Category(
    "spider",
    (Part("thorax", ellipse(0.22, 0.24), key=(0, 0)),
     *_spider_legs(),
     Part("abdomen", ellipse(0.31, 0.38, at=(0, 0.34)), "thorax", (0, 0.12), 0, 14, key=(0, 0.7)),
     Part("mark", polygon((0, 0.12), (0.12, 0.34), (0, 0.56), (-0.12, 0.34)), "abdomen", slot=2),
     Part("head", ellipse(0.14, 0.12), "thorax", (0, -0.27), 0, 0, 2, key=(0, -0.1))),
    (("fur",), ("fur",), ("plain",)),
    frozenset({"animal", "legs", "many_limbs", "top_view", "symmetric"}), tilt=50)


def _crab_side(side: str, sign: int) -> tuple[Part, ...]:
    """Return the parts of one side of the crab; ``sign`` is 1 for the right, -1 for the left."""
    def turned(angle: float) -> float:
        return angle if sign > 0 else 180 - angle
    parts: list[Part] = []
    for i, angle in enumerate((12, 38, 62)):
        parts += chain(f"{side}_leg{i}", "shell", (sign * (0.52 - 0.1 * i), 0.1 + 0.07 * i),
                       turned(angle), (0.32, 0.26), (0.06, 0.05, 0.025), bend=sign * 38, swing=12,
                       slot=1, layer=-1)
    claw = f"{side}_claw"
    pincer = blob((0, -sign * 0.12), (0.3, -sign * 0.2), (0.52, -sign * 0.04), (0.25, 0),
                  (0, sign * 0.02))
    thumb = blob((0, -sign * 0.02), (0.22, sign * 0.04), (0.48, sign * 0.03), (0.26, sign * 0.2),
                 (0, sign * 0.12))
    return (*parts,
            *chain(f"{side}_arm", "shell", (sign * 0.5, -0.12), turned(-30), (0.3,), (0.08, 0.07),
                   swing=14, slot=1, layer=-1),
            Part(claw, pincer, f"{side}_arm_0", (0.28, 0), -sign * 42, 16,
                 key=(0.44, -sign * 0.06)),
            Part(f"{side}_thumb", thumb, claw, (0, 0.0), sign * 12, 14, key=(0.4, sign * 0.07)),
            Part(f"{side}_eye", limb(0.22, 0.035, 0.055), "shell", (sign * 0.14, -0.26),
                 -90 + sign * 10, 10, 2, -1, key=(0.22, 0)))


CRAB = Category(
    "crab",
    (Part("shell", blob((-0.64, -0.14), (-0.3, -0.36), (0.3, -0.36), (0.64, -0.14), (0.42, 0.34),
                        (-0.42, 0.34)), key=(0, 0)),
     *_crab_side("left", -1), *_crab_side("right", 1)),
    (("plain",), ("spots",), ("plain",)),
    frozenset({"animal", "legs", "many_limbs", "claws", "shell", "top_view", "symmetric"}), tilt=40)

TURTLE = Category(
    "turtle",
    (Part("shell", dome(0.66, 0.52), key=(0, -0.25)),
     Part("rim", limb(1.24, 0.08), "shell", (-0.62, 0), 0, 0, 1, 1),
     *chain("front_leg", "shell", (0.4, 0.02), 75, (0.18, 0.14), (0.13, 0.11, 0.1), layer=-1,
            slot=1),
     *chain("hind_leg", "shell", (-0.42, 0.02), 100, (0.18, 0.14), (0.13, 0.11, 0.1), layer=-1,
            slot=1),
     *chain("neck", "shell", (0.52, -0.05), -25, (0.26,), (0.1, 0.09), layer=-1, slot=1),
     Part("head", ellipse(0.19, 0.14, at=(0.08, 0)), "neck_0", (0.26, 0), 20, 20, 1, -1,
          key=(0.26, 0)),
     Part("eye", ellipse(0.04), "head", (0.14, -0.05), 0, 0, 2, 2),
     Part("tail", petal(0.3, 0.12), "shell", (-0.58, 0), 168, 20, 1, -1, key=(0.3, 0))),
    (("bricks", "scales"), ("plain",), ("plain",)),
    frozenset({"animal", "legs", "shell", "tail", "side_view", "scaly"}))

OCTOPUS = Category(
    "octopus",
    (Part("mantle", blob((-0.36, 0.16), (-0.44, -0.4), (-0.2, -0.8), (0.2, -0.8), (0.44, -0.4),
                         (0.36, 0.16)), layer=1, key=(0, -0.6)),
     *(part for i, angle in enumerate((152, 124, 101, 79, 56, 28))
       for part in chain(f"arm{i}", "mantle", (-0.28 + 0.112 * i, 0.06), angle, (0.32, 0.3, 0.26),
                         (0.1, 0.08, 0.06, 0.03), bend=-12 if i < 3 else 12, swing=26,
                         slot=i % 2, layer=i % 2 - 1)),
     Part("left_eye", ellipse(0.085, 0.1), "mantle", (-0.17, -0.1), 0, 0, 2, 2, key=(0, 0)),
     Part("right_eye", ellipse(0.085, 0.1), "mantle", (0.17, -0.1), 0, 0, 2, 2, key=(0, 0))),
    (("spots",), ("spots",), ("plain",)),
    frozenset({"animal", "many_limbs", "arms", "round_head", "symmetric"}), tilt=35)

SNAKE = Category(
    "snake",
    (Part("middle", limb(0.34, 0.115), key=(0.17, 0)),
     *chain("fore", "middle", (0.34, 0), 35, (0.3, 0.3, 0.28), (0.115, 0.115, 0.105, 0.09),
            bend=-38, swing=34, layer=0),
     *chain("hind", "middle", (0, 0), 215, (0.3, 0.3, 0.3, 0.26), (0.115, 0.1, 0.085, 0.06, 0.02),
            bend=-38, swing=34, layer=0),
     Part("head", blob((-0.05, -0.1), (0.14, -0.17), (0.34, -0.06), (0.34, 0.06), (0.14, 0.17),
                       (-0.05, 0.1)), "fore_2", (0.27, 0), 0, 25, layer=1, key=(0.32, 0)),
     Part("tongue", polygon((0, -0.02), (0.14, -0.02), (0.24, -0.07), (0.18, 0), (0.24, 0.07),
                            (0.14, 0.02), (0, 0.02)), "head", (0.28, 0), 0, 12, 2, 0),
     Part("eye", ellipse(0.035), "head", (0.16, -0.07), 0, 0, 2, 2)),
    (("checks",), ("plain",), ("plain",)),
    frozenset({"animal", "scaly", "long_body", "tail", "top_view"}), tilt=50)

PERSON = Category(
    "person",
    (Part("torso", blob((-0.26, -0.36), (0.26, -0.36), (0.2, 0.1), (0.24, 0.4), (-0.24, 0.4),
                        (-0.2, 0.1)), key=(0, 0)),
     *chain("left_leg", "torso", (-0.12, 0.32), 98, (0.42, 0.42), (0.13, 0.095, 0.075), swing=24,
            slot=1, layer=-1),
     *chain("right_leg", "torso", (0.12, 0.32), 82, (0.42, 0.42), (0.13, 0.095, 0.075), swing=24,
            slot=1, layer=-1),
     *chain("left_arm", "torso", (-0.23, -0.28), 125, (0.34, 0.32), (0.085, 0.07, 0.06), swing=60,
            layer=-1),
     *chain("right_arm", "torso", (0.23, -0.28), 55, (0.34, 0.32), (0.085, 0.07, 0.06), swing=60,
            layer=1),
     Part("neck", limb(0.16, 0.07), "torso", (0, -0.34), -90, 6, 2, -1),
     Part("head", ellipse(0.2, 0.17, at=(0.12, 0)), "neck", (0.12, 0), 0, 16, 2, 1, key=(0.12, 0)),
     Part("hair", dome(0.17, 0.16), "head", (0.2, 0), 90, 8, 1, 2)),
    (("cloth",), ("cloth", "plain"), ("plain",)),
    frozenset({"legs", "arms", "round_head", "symmetric", "clothed"}))

ANIMALS = (HORSE, CAT, BIRD, FISH, BUTTERFLY, SPIDER, CRAB, TURTLE, OCTOPUS, SNAKE, PERSON)
