"""What the character perception can be told: typed parameters, light to import. The defaults are the mini profile's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from common.parameters import Parameters


class ShotSettings(Parameters):
    """Cuts are jumps between the colour histograms of neighbouring frames."""

    threshold: float = Field(
        0.06, gt=0, lt=1, description="A cut is a histogram distance (0 equal, 1 disjoint) above this"
    )
    ratio: float = Field(
        6.0,
        ge=1,
        description="A cut stands out of its neighbourhood's median distance by this factor, which a fade does not",
    )
    window: int = Field(5, ge=1, description="Frames on each side that make the neighbourhood")
    shortest: int = Field(4, ge=1, description="A shot has at least so many frames: a flash of light is no shot")


class DetectorSettings(Parameters):
    """MTCNN; the authors keep faces from probability .7, we ask for .9: a false face costs more than a missed one."""

    min_face: int = Field(20, ge=12, description="Smallest face looked for, pixels")
    factor: float = Field(0.709, gt=0.3, lt=0.95, description="Step of the image pyramid")
    probability: float = Field(0.9, gt=0, le=1, description="Faces below this probability are dropped")
    batch: int = Field(12, ge=1, description="Frames detected at once")


class EncoderSettings(Parameters):
    """Which face encoder, and how the studio's own is trained."""

    kind: Literal["studio", "facenet", "dlib"] = Field(
        "studio", description="Face encoder: trained here, or a pretrained one"
    )
    image_size: int = Field(
        64, ge=32, le=160, description="Side of the square crop that the studio encoder sees, pixels"
    )
    width: int = Field(24, ge=4, le=128, description="Channels of the studio encoder's first layer")
    size: int = Field(128, ge=16, multiple_of=2, description="Dimensions of the embedding (paper, equation 4)")
    held_out: float = Field(0.2, gt=0, lt=1, description="Share of the strangers kept for the threshold")
    steps: int = Field(1000, ge=1, description="Training steps of each of its two views")
    people_per_batch: int = Field(14, ge=2, description="Identities in a batch")
    crops_per_person: int = Field(5, ge=2, description="Crops of each identity in a batch")
    learning_rate: float = Field(2e-3, gt=0, description="Peak of the one-cycle schedule")
    temperature: float = Field(0.05, gt=0, description="What the contrastive loss divides similarities by")
    seed: int = Field(0, ge=0, description="Seed of initial weights, batches and augmentation")


class BankSettings(Parameters):
    """How a film's faces become one query per character (paper, equations 1-3)."""

    link_threshold: float = Field(
        0.6, gt=0, description="Tracks join one cluster up to this multiple of the encoder's threshold at least"
    )
    link_limit: float = Field(1.2, gt=0, description="The highest such multiple that is tried")
    size_weight: float = Field(
        0.065, ge=0, description="What a cluster's share of the faces weighs against its distance to a portrait"
    )
    portrait_weight: float = Field(
        1.5, ge=0, description="What likeness to the portraits weighs against tight clusters in choosing the cut"
    )
    smallest_share: float = Field(
        0.04, ge=0, lt=1, description="A cluster with a smaller share of the film's faces is no main character"
    )
    trims: tuple[float, ...] = Field(
        (0.0, 0.1, 0.25, 0.4), description="Shares of outlying faces left out of a candidate centroid"
    )
    outlier_share: float = Field(0.1, ge=0, lt=0.5, description="Farthest faces of a collection that are outliers")
    label_confidence: float = Field(0.1, ge=0, le=1, description="Labelled person boxes below this score are not used")


class RecognitionSettings(Parameters):
    """When a face gets a name (paper, equations 5 and 6)."""

    distance: Literal["squared", "plain"] = Field(
        "squared", description="Squared L2 as in the paper, or plain L2 as in the authors' code"
    )
    threshold: float | None = Field(
        None, gt=0, description="u of equation 6 in the chosen distance; none: the encoder's own calibrated threshold"
    )
    link_iou: float = Field(
        0.2, ge=0, le=1, description="Faces of neighbouring key frames that overlap so much are one track"
    )
    link_gap: int = Field(4, ge=1, description="Key frames over which a lost track may be taken up again")


class Sam2Settings(Parameters):
    """Which SAM 2 carries masks, and how it is asked; read only where the backend is `sam2`."""

    configuration: str = Field(
        "configs/sam2.1/sam2.1_hiera_l.yaml",
        pattern=r"^configs/[\w.]+/[\w.+]+\.yaml$",
        description="Configuration inside the sam2 package; a checkpoint's folder brings its own",
    )
    checkpoint: str = Field(
        "",
        description="A .safetensors, a .pt or a folder of models.training.small_sam2; empty: Hugging Face's cache",
    )
    repository: str = Field(
        "facebook/sam2.1-hiera-large",
        pattern=r"^[\w.-]+/[\w.-]+$",
        description="Repository on Hugging Face, if no checkpoint is named",
    )
    revision: str = Field(
        "665f8e2ad61cf5f53d65644ff27c8ee525124610", pattern=r"^[\w.-]+$", description="Its commit, pinned"
    )
    sha256: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="Digest that the weights must have; empty: not checked"
    )
    image_size: int | None = Field(
        None, ge=64, le=2048, multiple_of=32, description="Side of the squashed frame, pixels; none: the model's own"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: a GPU if there is one")
    prompt: Literal["body", "face"] = Field(
        "body", description="Box that asks for a person: the body's below the face, or the face's own"
    )
    doubtful: float = Field(
        0.5, ge=0, le=1, description="Masks are dropped below this: predicted IoU times probability of presence"
    )
    held: int = Field(
        16, ge=1, description="Frames whose features are held at once; a longer shot's are computed again"
    )


class RegionSettings(Parameters):
    """From a face to the person's mask, and along the shot."""

    backend: Literal["flow", "sam2"] = Field(
        "flow", description="What carries masks: optical flow and GrabCut, or SAM 2 as in the paper"
    )
    working_width: int = Field(
        480, ge=120, description="Width at which masks are made, pixels: at 240 the IoU falls from .81 to .67"
    )
    feet: float = Field(
        5.8, ge=3, le=12, description="Face-box heights from face to feet: 5.8 in the studio, real adults about 8.5"
    )
    iterations: int = Field(2, ge=1, le=10, description="GrabCut iterations on a recognised frame")
    band: int = Field(14, ge=1, description="A carried mask may grow by so many working pixels")
    longest: float = Field(3.0, gt=0, description="Seconds a mask is carried from its recognised frame")
    doubtful: float = Field(
        0.45, ge=0, le=1, description="Carried masks whose colours resemble the recognised region less are dropped"
    )
    sam2: Sam2Settings = Sam2Settings()


class PerceptionSettings(Parameters):
    """The character perception module of the paper, section 3.1."""

    key_frame_stride: int = Field(5, ge=1, description="Frames from one key frame to the next (the paper: 15)")
    shots: ShotSettings = ShotSettings()
    detector: DetectorSettings = DetectorSettings()
    encoder: EncoderSettings = EncoderSettings()
    bank: BankSettings = BankSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    regions: RegionSettings = RegionSettings()
