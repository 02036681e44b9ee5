// A section through a heat sink, m: a copper base with aluminium fins on it.
// gmsh -2 -format msh41 heat_sink.geo
n = 5;        // fins
f = 0.002;    // width of a fin
g = 0.004;    // gap between fins
b = 0.005;    // height of the base
k = 0.002;    // height of the aluminium plate that carries the fins
t = 0.02;     // height of the fins above the plate
h = 0.001;
w = n * f + (n - 1) * g;

Point(1) = {0, 0, 0, h};
Point(2) = {w, 0, 0, h};
Point(3) = {w, b, 0, h};
Point(4) = {0, b, 0, h};
Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 1};
Curve Loop(1) = {1, 2, 3, 4};
Plane Surface(1) = {1};

// The outline of the fins, from the right end of the interface upwards and back to its left end.
p = newp;
Point(p) = {w, b + k + t, 0, h};
first = newl;
Line(first) = {3, p};
air[] = {first};
For i In {0 : n - 1}
  x = w - i * (f + g);
  q = newp;
  Point(q) = {x - f, b + k + t, 0, h};
  c = newl;
  Line(c) = {p, q};
  air[] += c;
  If (i < n - 1)
    s = newp;
    Point(s) = {x - f, b + k, 0, h};
    c = newl;
    Line(c) = {q, s};
    air[] += c;
    q = newp;
    Point(q) = {x - f - g, b + k, 0, h};
    c = newl;
    Line(c) = {s, q};
    air[] += c;
    p = newp;
    Point(p) = {x - f - g, b + k + t, 0, h};
    c = newl;
    Line(c) = {q, p};
    air[] += c;
  EndIf
EndFor
last = newl;
Line(last) = {q, 4};
air[] += last;
Curve Loop(2) = {-3, air[]};
Plane Surface(2) = {2};

Physical Curve("bottom") = {1};
Physical Curve("sides") = {2, 4};
Physical Curve("air") = {air[]};
Physical Curve("joint") = {3};
Physical Surface("copper") = {1};
Physical Surface("aluminium") = {2};
