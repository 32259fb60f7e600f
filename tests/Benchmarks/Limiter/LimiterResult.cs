using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <param name="Figures">What was measured.</param>
/// <param name="Rounds">Its parts.</param>
/// <param name="Targets">What had to be shown.</param>
/// <param name="Notes">How to read it.</param>
internal sealed record LimiterResult(IReadOnlyList<Figures> Figures, IReadOnlyList<Figures> Rounds, Targets Targets, string Notes);
