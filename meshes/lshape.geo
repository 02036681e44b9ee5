// The square [-1, 1]^2 without its quarter x > 0, y < 0.
// gmsh -2 -format msh41 lshape.geo
h = 0.12;

Point(1) = {0, 0, 0, h / 6};  // the re-entrant corner
Point(2) = {0, -1, 0, h};
Point(3) = {-1, -1, 0, h};
Point(4) = {-1, 1, 0, h};
Point(5) = {1, 1, 0, h};
Point(6) = {1, 0, 0, h};

Line(1) = {2, 1};
Line(2) = {1, 6};
Line(3) = {6, 5};
Line(4) = {5, 4};
Line(5) = {4, 3};
Line(6) = {3, 2};

Curve Loop(1) = {1, 2, 3, 4, 5, 6};
Plane Surface(1) = {1};

Physical Curve("corner") = {1, 2};  // the two edges that meet at the re-entrant corner
Physical Curve("outer") = {3, 4, 5, 6};
Physical Surface("domain") = {1};
