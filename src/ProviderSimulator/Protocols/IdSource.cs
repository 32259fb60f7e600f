using System.Globalization;
using System.Security.Cryptography;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>
/// Ids that never repeat: a random part per process and a counter. Tool call ids are idempotency keys further down, so a
/// restarted simulator must not issue yesterday's ids again.
/// </summary>
internal sealed class IdSource
{
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
    private long _counter;

    public string Next(string prefix) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{_run}{Interlocked.Increment(ref _counter):x10}");
}
