"""Signatures of linear algebra, in the notation and the order of torch's parser (see ``_signatures``)."""

from __future__ import annotations

from shimtorch._signatures import Signatures

SIGNATURES: dict[str, Signatures] = {
    "linalg_cholesky": Signatures(("(Tensor input, *, bool upper=False, Tensor out=None)",)),
    "linalg_cholesky_ex": Signatures(
        ("(Tensor input, *, bool upper=False, bool check_errors=False, TensorList[2] out=None)",)
    ),
    "linalg_cond": Signatures(
        (
            "(Tensor input, Scalar? p=None, *, Tensor out=None)",
            "(Tensor input, c10::string_view p, *, Tensor out=None)",
        )
    ),
    "linalg_cross": Signatures(("(Tensor input, Tensor other, *, int64_t dim=-1, Tensor out=None)",)),
    "linalg_det": Signatures(("(Tensor A, *, Tensor out=None)",)),
    "linalg_eig": Signatures(("(Tensor input, *, TensorList[2] out=None)",)),
    "linalg_eigh": Signatures(('(Tensor input, c10::string_view UPLO="L", *, TensorList[2] out=None)',)),
    "linalg_eigvals": Signatures(("(Tensor input, *, Tensor out=None)",)),
    "linalg_eigvalsh": Signatures(('(Tensor input, c10::string_view UPLO="L", *, Tensor out=None)',)),
    "linalg_inv": Signatures(("(Tensor A, *, Tensor out=None)",)),
    "linalg_inv_ex": Signatures(("(Tensor A, *, bool check_errors=False, TensorList[2] out=None)",)),
    "linalg_lstsq": Signatures(
        ("(Tensor input, Tensor b, double? rcond=None, *, c10::string_view? driver=None, TensorList[4] out=None)",)
    ),
    "linalg_matrix_norm": Signatures(
        (
            "(Tensor input, Scalar ord, IntArrayRef dim={-2,-1}, bool keepdim=False, *, ScalarType? dtype=None, "
            "Tensor out=None)",
            '(Tensor input, c10::string_view ord="fro", IntArrayRef dim={-2,-1}, bool keepdim=False, *, '
            "ScalarType? dtype=None, Tensor out=None)",
        )
    ),
    "linalg_matrix_power": Signatures(("(Tensor input, int64_t n, *, Tensor out=None)",)),
    "linalg_matrix_rank": Signatures(
        (
            "(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False, Tensor out=None)",
            "(Tensor input, *, double? atol=None, double? rtol=None, bool hermitian=False, Tensor out=None)",
            "(Tensor input, Tensor tol, bool hermitian=False, *, Tensor out=None)",
            "(Tensor input, double tol, bool hermitian=False, *, Tensor out=None)",
        )
    ),
    "linalg_multi_dot": Signatures(("(TensorList tensors, *, Tensor out=None)",)),
    "linalg_norm": Signatures(
        (
            "(Tensor input, Scalar? ord=None, IntArrayRef[1]? dim=None, bool keepdim=False, *, "
            "ScalarType? dtype=None, Tensor out=None)",
            "(Tensor input, c10::string_view ord, IntArrayRef[1]? dim=None, bool keepdim=False, *, "
            "ScalarType? dtype=None, Tensor out=None)",
        )
    ),
    "linalg_pinv": Signatures(
        (
            "(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False, Tensor out=None)",
            "(Tensor input, *, double? atol=None, double? rtol=None, bool hermitian=False, Tensor out=None)",
            "(Tensor input, Tensor rcond, bool hermitian=False, *, Tensor out=None)",
            "(Tensor input, double rcond, bool hermitian=False, *, Tensor out=None)",
        )
    ),
    "linalg_qr": Signatures(('(Tensor A, c10::string_view mode="reduced", *, TensorList[2] out=None)',)),
    "linalg_slogdet": Signatures(("(Tensor A, *, TensorList[2] out=None)",)),
    "linalg_solve": Signatures(("(Tensor A, Tensor B, *, bool left=True, Tensor out=None)",)),
    "linalg_solve_ex": Signatures(
        ("(Tensor A, Tensor B, *, bool left=True, bool check_errors=False, TensorList[2] out=None)",)
    ),
    "linalg_solve_triangular": Signatures(
        ("(Tensor input, Tensor B, *, bool upper, bool left=True, bool unitriangular=False, Tensor out=None)",)
    ),
    "linalg_svd": Signatures(
        ("(Tensor A, bool full_matrices=True, *, c10::string_view? driver=None, TensorList[3] out=None)",)
    ),
    "linalg_svdvals": Signatures(("(Tensor A, *, c10::string_view? driver=None, Tensor out=None)",)),
    "linalg_vecdot": Signatures(("(Tensor x, Tensor y, *, int64_t dim=-1, Tensor out=None)",)),
    "linalg_vector_norm": Signatures(
        (
            "(Tensor input, Scalar ord=2, IntArrayRef[1]? dim=None, bool keepdim=False, *, "
            "ScalarType? dtype=None, Tensor out=None)",
        )
    ),
    "chain_matmul": Signatures(("(TensorList matrices, *, Tensor out=None)",)),
    "cholesky": Signatures(("(Tensor input, bool upper=False, *, Tensor out=None)",), ("(bool upper=False)",)),
    "det": Signatures(("(Tensor input)",), ("TensorBase.det()",)),
    "inverse": Signatures(("(Tensor input, *, Tensor out=None)",), ("TensorBase.inverse()",)),
    "logdet": Signatures(("(Tensor input)",), ("TensorBase.logdet()",)),
    "matrix_power": Signatures(("(Tensor input, int64_t n, *, Tensor out=None)",), ("(int64_t n)",)),
    "pinverse": Signatures(("(Tensor input, double rcond=1e-15)",), ("(double rcond=1e-15)",)),
    "qr": Signatures(("(Tensor input, bool some=True, *, TensorList[2] out=None)",), ("(bool some=True)",)),
    "slogdet": Signatures(("(Tensor input, *, TensorList[2] out=None)",), ("TensorBase.slogdet()",)),
    "svd": Signatures(
        ("(Tensor input, bool some=True, bool compute_uv=True, *, TensorList[3] out=None)",),
        ("(bool some=True, bool compute_uv=True)",),
    ),
}
