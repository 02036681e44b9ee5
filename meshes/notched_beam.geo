// A beam with a rounded notch in the middle of its lower edge, m.
// gmsh -2 -order 2 -format msh41 notched_beam.geo
l = 0.1;    // half the length
t = 0.04;   // height
r = 0.004;  // radius of the notch
d = 0.01;   // depth of the notch
h = 0.006;

Point(1) = {-l, 0, 0, h};
Point(2) = {-r, 0, 0, h / 4};
Point(3) = {-r, d - r, 0, h / 8};
Point(4) = {0, d - r, 0};
Point(5) = {0, d, 0, h / 8};
Point(6) = {r, d - r, 0, h / 8};
Point(7) = {r, 0, 0, h / 4};
Point(8) = {l, 0, 0, h};
Point(9) = {l, t, 0, h};
Point(10) = {-l, t, 0, h};

Line(1) = {1, 2};
Line(2) = {2, 3};
Circle(3) = {3, 4, 5};
Circle(4) = {5, 4, 6};
Line(5) = {6, 7};
Line(6) = {7, 8};
Line(7) = {8, 9};
Line(8) = {9, 10};
Line(9) = {10, 1};

Curve Loop(1) = {1, 2, 3, 4, 5, 6, 7, 8, 9};
Plane Surface(1) = {1};

Physical Curve("bottom") = {1, 6};
Physical Curve("notch") = {2, 3, 4, 5};
Physical Curve("right") = {7};
Physical Curve("top") = {8};
Physical Curve("left") = {9};
Physical Surface("beam") = {1};
