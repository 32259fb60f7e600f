using System.Buffers;
using System.Text.Json;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>A request body, read up to a limit and parsed. The document lives in pooled memory until it is disposed.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>A length that a caller only announces takes no memory beyond this.</summary>
    private const int FirstBuffer = 64 * 1024;

    private readonly byte[] _buffer;

    private RequestBody(byte[] buffer, JsonDocument? json, string? error)
    {
        _buffer = buffer;
        Json = json;
        Error = error;
    }

    public JsonDocument? Json { get; }

    /// <summary>Why the body is not JSON.</summary>
    public string? Error { get; }

    /// <summary>Null if the body is longer than <paramref name="maxBytes"/>; the rest is not read.</summary>
    public static async Task<RequestBody?> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
        {
            return null;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(request.ContentLength + 1 ?? FirstBuffer, FirstBuffer));
        int length = 0;
        try
        {
            while (true)
            {
                int read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                length += read;
                if (length > maxBytes)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    return null;
                }

                if (length == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        try
        {
            return new RequestBody(buffer, JsonDocument.Parse(buffer.AsMemory(0, length)), null);
        }
        catch (JsonException e)
        {
            return new RequestBody(buffer, null, e.Message);
        }
    }

    public void Dispose()
    {
        Json?.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
