using System.Globalization;
using System.Net;

namespace Pipeline.Benchmarks.Measurement;

/// <summary>Finds the server behind a port of this machine.</summary>
internal static class ListeningProcess
{
    private static readonly string[] SocketTables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <returns>The process that listens; of several with the same socket, the one that started the others. Null where it cannot be seen.</returns>
    public static int? Find(string host, int port)
    {
        if (!OperatingSystem.IsLinux() || !IsLoopback(host))
        {
            return null;
        }

        var sockets = SocketTables.Where(File.Exists).SelectMany(file => Listening(file, port)).ToHashSet();
        var owners = Directory.EnumerateDirectories("/proc")
            .Select(x => int.TryParse(Path.GetFileName(x), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id != 0 && HasSocket(id, sockets))
            .ToList();
        return owners.Count == 0 ? null : owners.Min();
    }

    private static bool IsLoopback(string host) => host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static IEnumerable<string> Listening(string file, int port)
    {
        const string listen = "0A";
        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var line in File.ReadLines(file).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1].EndsWith(suffix, StringComparison.Ordinal) && fields[3] == listen)
            {
                yield return $"socket:[{fields[9]}]";
            }
        }
    }

    private static bool HasSocket(int id, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{id}/fd").Any(x => new FileInfo(x).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
