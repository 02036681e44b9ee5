// An L-bracket with a fillet and two bolt holes, m: a wall plate in the plane y = 0 and a shelf along y.
// gmsh -3 -order 2 -format msh22 -bin bracket.geo
SetFactory("OpenCASCADE");
w = 0.06;   // width (x)
l = 0.08;   // height of the wall plate (z) and length of the shelf (y)
t = 0.01;   // thickness of both
r = 0.012;  // radius of the fillet
a = 0.006;  // radius of the bolt holes
s = 0.032;  // distance between the bolts
q = 0.052;  // height of the bolts
h = 0.0105;

// The profile in the plane x = 0, drawn along x.
Point(1) = {0, 0, 0};
Point(2) = {0, l, 0};
Point(3) = {0, l, t};
Point(4) = {0, t + r, t};
Point(5) = {0, t + r, t + r};
Point(6) = {0, t, t + r};
Point(7) = {0, t, l};
Point(8) = {0, 0, l};
Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Circle(4) = {4, 5, 6};
Line(5) = {6, 7};
Line(6) = {7, 8};
Line(7) = {8, 1};
Curve Loop(1) = {1:7};
Plane Surface(1) = {1};
Extrude {w, 0, 0} { Surface{1}; }
Cylinder(2) = {w / 2 - s / 2, -t, q, 0, 3 * t, 0, a};
Cylinder(3) = {w / 2 + s / 2, -t, q, 0, 3 * t, 0, a};
BooleanDifference(4) = { Volume{1}; Delete; }{ Volume{2, 3}; Delete; };

e = 1e-5;
bolts() = Surface In BoundingBox {w / 2 - s / 2 - a - e, -e, q - a - e, w / 2 - s / 2 + a + e, t + e, q + a + e};
bolts() += Surface In BoundingBox {w / 2 + s / 2 - a - e, -e, q - a - e, w / 2 + s / 2 + a + e, t + e, q + a + e};
load() = Surface In BoundingBox {-e, l - e, -e, w + e, l + e, t + e};
fillet() = Surface In BoundingBox {-e, t - e, t - e, w + e, t + r + e, t + r + e};
wall() = Surface In BoundingBox {-e, -e, -e, w + e, e, l + e};
all() = Abs(Boundary{ Volume{4}; });
rest() = all();
rest() -= {bolts(), load(), fillet(), wall()};

Physical Surface("bolt_holes") = bolts();
Physical Surface("load") = load();
Physical Surface("fillet") = fillet();
Physical Surface("wall") = wall();
Physical Surface("sides") = rest();
Physical Volume("steel") = {4};

Mesh.MeshSizeMin = h / 3;
Mesh.MeshSizeMax = h;
Mesh.MeshSizeFromCurvature = 14;
Mesh.HighOrderOptimize = 2;
