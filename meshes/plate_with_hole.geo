// A quarter of a square plate with a hole in its middle, m. problems/hole.ron has the same sizes.
// gmsh -2 -order 2 -format msh41 plate_with_hole.geo
a = 0.01;  // radius of the hole
w = 0.04;  // half the width

Point(1) = {a, 0, 0, a / 8};
Point(2) = {w, 0, 0, w / 10};
Point(3) = {w, w, 0, w / 10};
Point(4) = {0, w, 0, w / 10};
Point(5) = {0, a, 0, a / 8};
Point(6) = {0, 0, 0};

Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 5};
Circle(5) = {5, 6, 1};

Curve Loop(1) = {1, 2, 3, 4, 5};
Plane Surface(1) = {1};

Physical Curve("bottom") = {1};
Physical Curve("right") = {2};
Physical Curve("top") = {3};
Physical Curve("left") = {4};
Physical Curve("hole") = {5};
Physical Surface("plate") = {1};
