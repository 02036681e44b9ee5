// The square [-0.5, 0.5]^2 without four discs of radius 0.1 around (+-0.3, +-0.3).
// gmsh -2 -order 2 -format msh41 square_with_holes.geo
SetFactory("OpenCASCADE");
h = 0.06;
r = 0.1;

Rectangle(1) = {-0.5, -0.5, 0, 1, 1};
Disk(2) = {-0.3, -0.3, 0, r};
Disk(3) = {0.3, -0.3, 0, r};
Disk(4) = {0.3, 0.3, 0, r};
Disk(5) = {-0.3, 0.3, 0, r};
BooleanDifference(6) = { Surface{1}; Delete; }{ Surface{2:5}; Delete; };

e = 1e-4;
outer() = Curve In BoundingBox {-0.5 - e, -0.5 - e, -e, 0.5 + e, -0.5 + e, e};
outer() += Curve In BoundingBox {-0.5 - e, 0.5 - e, -e, 0.5 + e, 0.5 + e, e};
outer() += Curve In BoundingBox {-0.5 - e, -0.5 - e, -e, -0.5 + e, 0.5 + e, e};
outer() += Curve In BoundingBox {0.5 - e, -0.5 - e, -e, 0.5 + e, 0.5 + e, e};
holes() = Curve In BoundingBox {-0.45, -0.45, -e, 0.45, 0.45, e};

Physical Curve("outer") = outer();
Physical Curve("holes") = holes();
Physical Surface("domain") = {6};

MeshSize{ PointsOf{ Surface{6}; } } = h;
MeshSize{ PointsOf{ Curve{holes()}; } } = h / 2;
Mesh.MeshSizeFromCurvature = 20;
