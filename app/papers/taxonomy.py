"""The categories that papers are announced under: codes, names, and the older names that became one of them.

Data only; what expressions over categories mean is in categories.py. Codes and names are those of
https://arxiv.org/category_taxonomy, with `quire`, the built-in collection, beside them.
"""

from app.papers.models import Category

# A line is an archive, or a category of the archive above it when it starts with a dot.
_TAXONOMY = """
cs Computer Science
.AI Artificial Intelligence
.AR Hardware Architecture
.CC Computational Complexity
.CE Computational Engineering, Finance, and Science
.CG Computational Geometry
.CL Computation and Language
.CR Cryptography and Security
.CV Computer Vision and Pattern Recognition
.CY Computers and Society
.DB Databases
.DC Distributed, Parallel, and Cluster Computing
.DL Digital Libraries
.DM Discrete Mathematics
.DS Data Structures and Algorithms
.ET Emerging Technologies
.FL Formal Languages and Automata Theory
.GL General Literature
.GR Graphics
.GT Computer Science and Game Theory
.HC Human-Computer Interaction
.IR Information Retrieval
.IT Information Theory
.LG Machine Learning
.LO Logic in Computer Science
.MA Multiagent Systems
.MM Multimedia
.MS Mathematical Software
.NE Neural and Evolutionary Computing
.NI Networking and Internet Architecture
.OH Other Computer Science
.OS Operating Systems
.PF Performance
.PL Programming Languages
.RO Robotics
.SC Symbolic Computation
.SD Sound
.SE Software Engineering
.SI Social and Information Networks
econ Economics
.EM Econometrics
.GN General Economics
.TH Theoretical Economics
eess Electrical Engineering and Systems Science
.AS Audio and Speech Processing
.IV Image and Video Processing
.SP Signal Processing
.SY Systems and Control
math Mathematics
.AC Commutative Algebra
.AG Algebraic Geometry
.AP Analysis of PDEs
.AT Algebraic Topology
.CA Classical Analysis and ODEs
.CO Combinatorics
.CT Category Theory
.CV Complex Variables
.DG Differential Geometry
.DS Dynamical Systems
.FA Functional Analysis
.GM General Mathematics
.GN General Topology
.GR Group Theory
.GT Geometric Topology
.HO History and Overview
.KT K-Theory and Homology
.LO Logic
.MG Metric Geometry
.NA Numerical Analysis
.NT Number Theory
.OA Operator Algebras
.OC Optimization and Control
.PR Probability
.QA Quantum Algebra
.RA Rings and Algebras
.RT Representation Theory
.SG Symplectic Geometry
.SP Spectral Theory
.ST Statistics Theory
astro-ph Astrophysics
.CO Cosmology and Nongalactic Astrophysics
.EP Earth and Planetary Astrophysics
.GA Astrophysics of Galaxies
.HE High Energy Astrophysical Phenomena
.IM Instrumentation and Methods for Astrophysics
.SR Solar and Stellar Astrophysics
cond-mat Condensed Matter
.dis-nn Disordered Systems and Neural Networks
.mes-hall Mesoscale and Nanoscale Physics
.mtrl-sci Materials Science
.other Other Condensed Matter
.quant-gas Quantum Gases
.soft Soft Condensed Matter
.stat-mech Statistical Mechanics
.str-el Strongly Correlated Electrons
.supr-con Superconductivity
gr-qc General Relativity and Quantum Cosmology
hep-ex High Energy Physics - Experiment
hep-lat High Energy Physics - Lattice
hep-ph High Energy Physics - Phenomenology
hep-th High Energy Physics - Theory
math-ph Mathematical Physics
nlin Nonlinear Sciences
.AO Adaptation and Self-Organizing Systems
.CD Chaotic Dynamics
.CG Cellular Automata and Lattice Gases
.PS Pattern Formation and Solitons
.SI Exactly Solvable and Integrable Systems
nucl-ex Nuclear Experiment
nucl-th Nuclear Theory
physics Physics
.acc-ph Accelerator Physics
.ao-ph Atmospheric and Oceanic Physics
.app-ph Applied Physics
.atm-clus Atomic and Molecular Clusters
.atom-ph Atomic Physics
.bio-ph Biological Physics
.chem-ph Chemical Physics
.class-ph Classical Physics
.comp-ph Computational Physics
.data-an Data Analysis, Statistics and Probability
.ed-ph Physics Education
.flu-dyn Fluid Dynamics
.gen-ph General Physics
.geo-ph Geophysics
.hist-ph History and Philosophy of Physics
.ins-det Instrumentation and Detectors
.med-ph Medical Physics
.optics Optics
.plasm-ph Plasma Physics
.pop-ph Popular Physics
.soc-ph Physics and Society
.space-ph Space Physics
quant-ph Quantum Physics
q-bio Quantitative Biology
.BM Biomolecules
.CB Cell Behavior
.GN Genomics
.MN Molecular Networks
.NC Neurons and Cognition
.OT Other Quantitative Biology
.PE Populations and Evolution
.QM Quantitative Methods
.SC Subcellular Processes
.TO Tissues and Organs
q-fin Quantitative Finance
.CP Computational Finance
.GN General Finance
.MF Mathematical Finance
.PM Portfolio Management
.PR Pricing of Securities
.RM Risk Management
.ST Statistical Finance
.TR Trading and Market Microstructure
stat Statistics
.AP Applications
.CO Computation
.ME Methodology
.ML Machine Learning
.OT Other Statistics
quire Quire's own notes
"""

# Two names of one category, and archives that were taken up into a category of today.
ALIASES = {
    "cs.NA": "math.NA",
    "cs.SY": "eess.SY",
    "math.IT": "cs.IT",
    "math.MP": "math-ph",
    "q-fin.EC": "econ.GN",
    "stat.TH": "math.ST",
    "acc-phys": "physics.acc-ph",
    "adap-org": "nlin.AO",
    "alg-geom": "math.AG",
    "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph",
    "bayes-an": "physics.data-an",
    "chao-dyn": "nlin.CD",
    "chem-ph": "physics.chem-ph",
    "cmp-lg": "cs.CL",
    "comp-gas": "nlin.CG",
    "dg-ga": "math.DG",
    "funct-an": "math.FA",
    "mtrl-th": "cond-mat.mtrl-sci",
    "patt-sol": "nlin.PS",
    "plasm-ph": "physics.plasm-ph",
    "q-alg": "math.QA",
    "solv-int": "nlin.SI",
    "supr-con": "cond-mat.supr-con",
}


def _read_taxonomy() -> dict[str, Category]:
    categories: dict[str, Category] = {}
    archive = ""
    for line in _TAXONOMY.strip().splitlines():
        code, name = line.split(" ", 1)
        if code.startswith("."):
            code = archive + code
        else:
            archive = code
        categories[code] = Category(code, name, archive)
    return categories


CATEGORIES = _read_taxonomy()
"""Every category by its code, in the taxonomy's order; archives (`cs`, `astro-ph`) are among them."""
