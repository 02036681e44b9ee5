// A section through a fuel rod, m: a pellet with a hole that has moved off its middle, in a cladding tube.
// gmsh -2 -order 2 -format msh41 fuel_rod.geo
SetFactory("OpenCASCADE");
hole = 0.8e-3;    // radius of the hole
shift = 1e-3;     // how far its middle is from the pellet's
pellet = 4.1e-3;  // radius of the pellet
rod = 4.75e-3;    // outer radius of the cladding
h = 0.5e-3;

Disk(1) = {0, 0, 0, rod};
Disk(2) = {0, 0, 0, pellet};
Disk(3) = {shift, 0, 0, hole};
BooleanDifference(4) = { Surface{1}; Delete; }{ Surface{2}; };
BooleanDifference(5) = { Surface{2}; Delete; }{ Surface{3}; Delete; };
BooleanFragments{ Surface{4}; Delete; }{ Surface{5}; Delete; }

e = 1e-5;
bore() = Curve In BoundingBox {shift - hole - e, -hole - e, -e, shift + hole + e, hole + e, e};
inner() = Curve In BoundingBox {-pellet - e, -pellet - e, -e, pellet + e, pellet + e, e};
inner() -= bore();
outer() = Curve In BoundingBox {-rod - e, -rod - e, -e, rod + e, rod + e, e};
outer() -= inner();
outer() -= bore();

Physical Curve("bore") = bore();
Physical Curve("joint") = inner();
Physical Curve("outer") = outer();
Physical Surface("pellet") = {5};
Physical Surface("cladding") = {4};

MeshSize{ PointsOf{ Surface{4, 5}; } } = h;
MeshSize{ PointsOf{ Curve{bore()}; } } = h / 2;
Mesh.MeshSizeFromCurvature = 30;
Mesh.MeshSizeMax = h;
