using System.Net;
using System.Net.Sockets;

namespace Pipeline.Chaos.Tests;

/// <summary>Ports that nobody listens on at this moment.</summary>
internal static class FreePorts
{
    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            lock (Given)
            {
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }

    /// <summary>A port whose companions (so far above it) are free too: the broker derives its other ports from the first.</summary>
    public static int NextWith(params int[] companions)
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 30_000);
            if (IsFree(port) && companions.All(x => IsFree(port + x)))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
