// Cook's membrane: a tapered panel, clamped on the left, sheared on the right.
// gmsh -2 -order 2 -format msh41 cook.geo
h = 3;

Point(1) = {0, 0, 0, h};
Point(2) = {48, 44, 0, h};
Point(3) = {48, 60, 0, h};
Point(4) = {0, 44, 0, h / 3};  // the singular corner

Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 1};

Curve Loop(1) = {1, 2, 3, 4};
Plane Surface(1) = {1};

Physical Curve("bottom") = {1};
Physical Curve("right") = {2};
Physical Curve("top") = {3};
Physical Curve("left") = {4};
Physical Surface("membrane") = {1};
