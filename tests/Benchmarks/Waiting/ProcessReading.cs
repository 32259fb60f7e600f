using System.Globalization;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>What a process holds at one moment, from /proc. On Linux only.</summary>
/// <param name="Name">The process.</param>
/// <param name="Threads">All of its threads, the runtime's own included.</param>
/// <param name="Sockets">Open sockets: connections to the broker, the database, the model, and those it listens on.</param>
/// <param name="Megabytes">Resident memory.</param>
internal sealed record ProcessReading(string Name, double Threads, double Sockets, double Megabytes)
{
    public static ProcessReading Of(ProcessTree process, int id) => new(
        process.Name,
        double.Parse(File.ReadLines($"/proc/{id}/status").First(x => x.StartsWith("Threads:", StringComparison.Ordinal)).Split(':')[1], CultureInfo.InvariantCulture),
        new DirectoryInfo($"/proc/{id}/fd").EnumerateFiles().Count(x => x.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true),
        process.ResidentMegabytes() ?? 0);
}
