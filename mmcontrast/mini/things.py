"""Categories of plants, vehicles and tools."""

from __future__ import annotations

from .parts import Category, Part
from .shapes import blob, dome, ellipse, limb, petal, polygon, ring

# The catalogue is a table, kept as typed.
# fmt: off

FLOWER = Category(
    "flower",
    (Part("stem_0", limb(0.42, 0.05), None, angle=-90, swing=10, slot=1, key=(0, 0)),
     Part("stem_1", limb(0.42, 0.05, 0.045), "stem_0", (0.42, 0), 0, 18, 1, key=(0.42, 0)),
     Part("left_leaf", petal(0.48, 0.22), "stem_0", (0.12, 0), -52, 18, 1, key=(0.46, 0)),
     Part("right_leaf", petal(0.48, 0.22), "stem_0", (0.26, 0), 52, 18, 1, key=(0.46, 0)),
     *(Part(f"petal_{i}", petal(0.46, 0.34), "stem_1", (0.42, 0), 360 / 7 * i, 8, 0, 1 + i % 2,
            key=(0.44, 0)) for i in range(7)),
     Part("center", ellipse(0.16), "stem_1", (0.42, 0), 0, 0, 2, 3, key=(0, 0))),
    (("plain",), ("grain",), ("spots", "checks")),
    frozenset({"plant", "leaves", "stem", "petals"}), tilt=25)

PALM = Category(
    "palm",
    (Part("trunk_0", limb(0.55, 0.11, 0.09), None, angle=-88, swing=10, slot=1, key=(0, 0)),
     Part("trunk_1", limb(0.5, 0.09, 0.075), "trunk_0", (0.55, 0), 4, 14, 1, key=(0.5, 0)),
     *(part for i, angle in enumerate((-128, -84, -40, 0, 40, 84, 128)) for part in (
         Part(f"frond{i}_0", petal(0.46, 0.2), "trunk_1", (0.5, 0), angle, 12, 0, 1),
         Part(f"frond{i}_1", petal(0.5, 0.18), f"frond{i}_0", (0.36, 0),
              34 if angle > 0 else -34, 16, 0, 1, key=(0.48, 0)))),
     *(Part(f"nut_{i}", ellipse(0.09), "trunk_1", (0.46, -0.08 + 0.16 * i), 0, 0, 2, 2)
       for i in range(2))),
    (("fur",), ("bricks",), ("plain",)),
    frozenset({"plant", "leaves", "trunk"}), tilt=12)

MUSHROOM = Category(
    "mushroom",
    (Part("stalk", blob((-0.16, -0.1), (0.16, -0.1), (0.2, 0.7), (-0.2, 0.7)), slot=1,
          key=(0, 0.65)),
     Part("collar", polygon((-0.2, 0), (0.2, 0), (0.27, 0.14), (-0.27, 0.14)), "stalk", (0, 0.18),
          0, 6, 1, 1),
     Part("cap", dome(0.68, 0.62), "stalk", (0, 0.02), 0, 16, 0, 2, key=(0, -0.6)),
     Part("gills", ellipse(0.66, 0.1), "cap", (0, 0.0), 0, 0, 1, 1),
     *(Part(f"spot_{i}", ellipse(rx, 0.8 * rx), "cap", (x, y), 0, 0, 2, 3, key=(0, 0))
       for i, (x, y, rx) in enumerate(((-0.36, -0.18, 0.1), (0.0, -0.36, 0.13),
                                       (0.34, -0.15, 0.11))))),
    (("patches", "plain"), ("grain",), ("plain",)),
    frozenset({"plant", "stem", "cap"}), tilt=25)

CAR = Category(
    "car",
    (Part("body", blob((-0.98, -0.1), (-0.9, -0.18), (0.75, -0.18), (1.0, 0.0), (1.0, 0.22),
                       (-0.98, 0.22)), key=(0, 0)),
     Part("cabin", polygon((-0.62, 0.04), (-0.42, -0.36), (0.2, -0.36), (0.5, 0.04)), "body",
          (0, -0.14), 0, 0, 0, -1, key=(-0.1, -0.36)),
     Part("rear_window", polygon((-0.46, -0.02), (-0.36, -0.28), (-0.12, -0.28), (-0.12, -0.02)),
          "body", (0, -0.14), 0, 0, 2, 1),
     Part("front_window", polygon((-0.04, -0.02), (-0.04, -0.28), (0.16, -0.28), (0.34, -0.02)),
          "body", (0, -0.14), 0, 0, 2, 1),
     Part("door", polygon((-0.1, -0.12), (0.3, -0.12), (0.3, 0.16), (-0.1, 0.16)), "body", slot=1),
     *(part for end, x in (("rear", -0.58), ("front", 0.58)) for part in (
         Part(f"{end}_wheel", ellipse(0.23), "body", (x, 0.2), 0, 180, 1, 2, key=(0, 0)),
         Part(f"{end}_hub", ring(0.13, 0.06), f"{end}_wheel", slot=2, layer=3))),
     Part("lamp", ellipse(0.07, 0.06), "body", (0.9, 0.0), 0, 0, 2, 1, key=(0, 0))),
    (("plain",), ("checks",), ("plain",)),
    frozenset({"vehicle", "wheels", "windows", "side_view"}), tilt=18)

BICYCLE = Category(
    "bicycle",
    (Part("seat_tube", limb(0.52, 0.045), None, angle=-105, layer=1, key=(0, 0)),
     Part("top_tube", limb(0.62, 0.04), "seat_tube", (0.44, 0), 104, layer=1),
     Part("down_tube", limb(0.68, 0.045), "seat_tube", (0, 0), 64, layer=1),
     Part("chain_stay", limb(0.5, 0.04), "seat_tube", (0, 0), -72, layer=1),
     Part("seat_stay", limb(0.64, 0.035), "seat_tube", (0.42, 0), -122, layer=1),
     Part("saddle", blob((-0.16, -0.08), (0.22, -0.06), (0.22, 0.06), (-0.16, 0.06)), "seat_tube",
          (0.56, 0), 105, 8, 2, 2, key=(0, 0)),
     Part("rear_wheel", ring(0.4, 0.32), "chain_stay", (0.5, 0), 0, 180, 1, key=(0, 0)),
     Part("fork", limb(0.66, 0.04), "top_tube", (0.62, -0.06), 70, 4, layer=1),
     Part("front_wheel", ring(0.4, 0.32), "fork", (0.64, 0), 0, 180, 1, key=(0, 0)),
     *(Part(f"{end}_spoke_{i}", limb(0.68, 0.016), f"{end}_wheel",
            (-0.34 * c, -0.34 * s), angle, 0, 1)
       for end in ("rear", "front")
       for i, (angle, c, s) in enumerate(((0, 1, 0), (60, 0.5, 0.866), (120, -0.5, 0.866)))),
     Part("bar", limb(0.26, 0.04), "fork", (-0.06, 0), -110, 14, 2, 2, key=(0.26, 0)),
     Part("crank", limb(0.26, 0.035), "seat_tube", (0, 0), 0, 180, 2, 2, key=(0.26, 0))),
    (("plain",), ("plain",), ("plain",)),
    frozenset({"vehicle", "wheels", "side_view", "thin"}), tilt=20)

PLANE = Category(
    "plane",
    (Part("fuselage", blob((-0.95, -0.05), (-0.5, -0.13), (0.6, -0.14), (1.0, -0.04), (1.0, 0.04),
                           (0.6, 0.14), (-0.5, 0.13), (-0.95, 0.05)), layer=1, key=(0.95, 0)),
     Part("left_wing", polygon((-0.2, 0), (0.2, 0), (-0.12, -0.9), (-0.36, -0.9)), "fuselage",
          (0.1, -0.06), 0, 8, key=(-0.24, -0.88)),
     Part("right_wing", polygon((-0.2, 0), (0.2, 0), (-0.12, 0.9), (-0.36, 0.9)), "fuselage",
          (0.1, 0.06), 0, 8, key=(-0.24, 0.88)),
     Part("left_tail", polygon((-0.1, 0), (0.12, 0), (-0.08, -0.38), (-0.22, -0.38)), "fuselage",
          (-0.78, -0.02), 0, 8, 1, key=(-0.15, -0.36)),
     Part("right_tail", polygon((-0.1, 0), (0.12, 0), (-0.08, 0.38), (-0.22, 0.38)), "fuselage",
          (-0.78, 0.02), 0, 8, 1, key=(-0.15, 0.36)),
     Part("left_engine", limb(0.26, 0.07), "left_wing", (-0.08, -0.4), 0, 0, 2, 1),
     Part("right_engine", limb(0.26, 0.07), "right_wing", (-0.08, 0.4), 0, 0, 2, 1),
     Part("cockpit", blob((-0.1, -0.09), (0.1, -0.05), (0.1, 0.05), (-0.1, 0.09)), "fuselage",
          (0.78, 0), 0, 0, 2, 2)),
    (("stripes", "bricks"), ("plain",), ("plain",)),
    frozenset({"vehicle", "wings", "tail", "top_view", "symmetric"}), tilt=50)

SAILBOAT = Category(
    "sailboat",
    (Part("hull", polygon((-0.8, -0.06), (0.9, -0.06), (0.58, 0.3), (-0.6, 0.3)), slot=1,
          key=(0, 0.1)),
     Part("mast", limb(1.35, 0.035), "hull", (0.02, 0), -90, 6, 1, key=(1.35, 0)),
     Part("main_sail", polygon((0.14, -0.05), (1.25, -0.05), (0.14, -0.66)), "mast", (0, 0), 0, 7,
          0, 1, key=(0.14, -0.64)),
     Part("jib", polygon((0.16, 0.06), (1.1, 0.06), (0.16, 0.58)), "mast", (0, 0), 0, 7, 0, 1,
          key=(0.16, 0.56)),
     Part("flag", polygon((0, 0), (0.12, -0.26), (0.0, -0.2), (-0.12, -0.26)), "mast", (1.3, 0), 0,
          24, 2, 2, key=(0, -0.19)),
     *(Part(f"port_{i}", ellipse(0.06), "hull", (-0.36 + 0.36 * i, 0.1), 0, 0, 2, 1)
       for i in range(3))),
    (("cloth", "stripes"), ("grain",), ("plain",)),
    frozenset({"vehicle", "sails", "hull", "side_view"}), tilt=20)

LAMP = Category(
    "lamp",
    (Part("base", dome(0.42, 0.16), slot=1, layer=1, key=(0, 0)),
     Part("lower_arm", limb(0.62, 0.055), "base", (0, -0.1), -110, 16, 1, key=(0.62, 0)),
     Part("upper_arm", limb(0.62, 0.05), "lower_arm", (0.62, 0), 68, 22, 1, key=(0.62, 0)),
     Part("knee", ellipse(0.09), "upper_arm", (0, 0), 0, 0, 2, 1),
     Part("bulb", ellipse(0.14, at=(0.34, 0)), "upper_arm", (0.6, 0), 80, 26, 2),
     Part("shade", polygon((-0.04, -0.1), (0.36, -0.34), (0.36, 0.34), (-0.04, 0.1)), "bulb",
          (0.0, 0), 0, 0, 0, 2, key=(0.36, 0))),
    (("cloth",), ("plain",), ("plain",)),
    frozenset({"tool", "arms", "base", "side_view"}), tilt=12)

SCISSORS = Category(
    "scissors",
    (Part("upper_blade", polygon((-0.12, -0.07), (0.9, -0.01), (0.9, 0.03), (-0.12, 0.07)), None,
          angle=-14, swing=12, key=(0.9, 0)),
     Part("upper_shank", limb(0.42, 0.06), "upper_blade", (0, 0), 180, 0, 1, 2),
     Part("upper_bow", ring(0.26, 0.15, at=(0.2, 0)), "upper_shank", (0.42, 0), -12, 0, 1, 2,
          key=(0.2, 0)),
     Part("lower_blade", polygon((-0.12, -0.07), (0.9, -0.03), (0.9, 0.01), (-0.12, 0.07)),
          "upper_blade", (0, 0), 34, 22, layer=-1, key=(0.9, 0)),
     Part("lower_shank", limb(0.42, 0.06), "lower_blade", (0, 0), 180, 0, 1, -1),
     Part("lower_bow", ring(0.26, 0.15, at=(0.2, 0)), "lower_shank", (0.42, 0), 12, 0, 1, -1,
          key=(0.2, 0)),
     Part("screw", ellipse(0.055), "upper_blade", slot=2, layer=3, key=(0, 0))),
    (("grain",), ("checks",), ("plain",)),
    frozenset({"tool", "blades", "handles", "thin", "symmetric"}), tilt=50)

THINGS = (FLOWER, PALM, MUSHROOM, CAR, BICYCLE, PLANE, SAILBOAT, LAMP, SCISSORS)
